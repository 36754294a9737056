import { Type } from 'class-transformer';
import {
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { fromDto, type McpTool, Tool } from '../../src/mcp/index.js';
import { ERAS, type McpTestApp, startMcpTestApp } from '../../src/testing/index.js';

class Place {
  @IsString()
  @MaxLength(10)
  readonly city!: string;
}

class CreateTicketDto {
  @IsString()
  @JSONSchema({ description: 'What it is about' })
  readonly title!: string;

  @IsInt()
  @Min(1)
  @Max(5)
  readonly priority!: number;

  @IsOptional()
  @IsIn(['bug', 'wish'])
  readonly kind?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => Place)
  readonly place?: Place;
}

const input = fromDto(CreateTicketDto);

@Tool({ name: 'create-ticket', description: 'Creates one.', input })
class CreateTicketTool implements McpTool<typeof input> {
  execute(ticket: CreateTicketDto): string {
    const isNested = ticket.place === undefined || ticket.place instanceof Place;
    return `${ticket instanceof CreateTicketDto && isNested} ${JSON.stringify(ticket)}`;
  }
}

class SlowDto {
  @Matches(/^(a+)+$/)
  readonly text!: string;
}

class BareDto {
  readonly text!: string;
}

let app: McpTestApp;
beforeAll(async () => {
  app = await startMcpTestApp({ providers: [CreateTicketTool] });
});
afterAll(() => app.close());

describe.each(ERAS)('a DTO of class-validator as input, %s', (era) => {
  it('is listed as JSON Schema', async () => {
    const [tool] = await (await app.connect(era)).listTools();
    expect(tool!['inputSchema']).toMatchObject({
      type: 'object',
      required: ['title', 'priority'],
      properties: {
        title: { type: 'string', description: 'What it is about' },
        priority: { type: 'integer', minimum: 1, maximum: 5 },
        kind: { enum: ['bug', 'wish'] },
      },
    });
    expect(JSON.stringify(tool!['inputSchema'])).toContain('"maxLength":10');
  });

  it('is what the handler gets, without unknown properties', async () => {
    const client = await app.connect(era);
    const args = { title: 'It broke', priority: 2, place: { city: 'Bern' }, more: 1 };
    const { content } = await client.callTool('create-ticket', args);
    expect(content).toEqual([
      { type: 'text', text: 'true {"title":"It broke","priority":2,"place":{"city":"Bern"}}' },
    ]);
  });

  it.each([
    [{ title: 'x', priority: 9 }, 'priority must not be greater than 5'],
    [{ title: 'x', priority: 1, place: { city: 7 } }, 'place.city'],
    [{ priority: 1 }, 'title must be a string'],
  ])('refuses %j', async (args, message) => {
    const result = await (await app.connect(era)).callTool('create-ticket', args);
    expect(result.isError).toBe(true);
    expect(JSON.stringify(result.content)).toContain(message);
  });
});

it.each([
  [SlowDto, 'pattern'],
  [BareDto, 'it has no decorator of class-validator'],
])('is refused at the start where it cannot be listed', async (dto, message) => {
  class AnyTool {
    execute(): string {
      return '';
    }
  }
  Tool({ name: 'any', description: 'Any.', input: fromDto<object>(dto) })(AnyTool);
  await expect(startMcpTestApp({ providers: [AnyTool] })).rejects.toThrow(message);
});
