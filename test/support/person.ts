import type {
  OAuthClientInformationMixed,
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  OAuthTokens,
} from '@modelcontextprotocol/client';

/** No server listens at this address: the client reads the code from the address. */
export const CALLBACK = 'http://127.0.0.1:9/callback';

/** A public client of the tests' identity provider, for people: authorization code with PKCE. */
export const PERSONAL_CLIENT = 'personal';

/** A person with a browser, and the OAuth state of their MCP client. */
export class Person implements OAuthClientProvider {
  readonly redirectUrl = CALLBACK;
  readonly clientMetadata: OAuthClientMetadata = { redirect_uris: [CALLBACK] };
  /** The scopes of each request to the person, in order. */
  readonly askedFor: (string | null)[] = [];
  private readonly cookies = new Map<string, string>();
  private kept: OAuthTokens | undefined;
  private verifier = '';
  private discovered: OAuthDiscoveryState | undefined;
  private wanted: URL | undefined;

  constructor(
    private readonly name: string,
    private readonly issuer: string,
  ) {}

  clientInformation(): OAuthClientInformationMixed {
    return { client_id: PERSONAL_CLIENT, issuer: this.issuer };
  }

  tokens(): OAuthTokens | undefined {
    return this.kept;
  }

  saveTokens(tokens: OAuthTokens): void {
    this.kept = tokens;
  }

  redirectToAuthorization(url: URL): void {
    this.askedFor.push(url.searchParams.get('scope'));
    this.wanted = url;
  }

  saveCodeVerifier(verifier: string): void {
    this.verifier = verifier;
  }

  codeVerifier(): string {
    return this.verifier;
  }

  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.discovered = state;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.discovered;
  }

  /** Opens the authorization URL, logs in and consents. Resolves with the parameters of the redirect to the client. */
  async consent(): Promise<URLSearchParams> {
    let url = this.wanted!;
    let form: URLSearchParams | undefined;
    for (let step = 0; step < 20; step += 1) {
      const response = await this.visit(url, form);
      const location = response.headers.get('location');
      const page = await response.text();
      if (location?.startsWith(CALLBACK)) return new URL(location).searchParams;
      const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
      form =
        location === null
          ? new URLSearchParams({ prompt: prompt!, login: this.name, password: 'x' })
          : undefined;
      url = new URL(location ?? action!, url);
    }
    throw new Error('the provider never sends the browser back');
  }

  private async visit(url: URL, form: URLSearchParams | undefined): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form && { method: 'POST', body: form }),
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!;
      if (value === '') this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return response;
  }
}
