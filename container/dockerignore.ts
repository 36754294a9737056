/**
 * Whether a `.dockerignore` excludes a path of the build context (relative, with `/`). The last pattern that matches
 * the path, or a folder above it, decides.
 */
export function parseDockerignore(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keeps: line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }));
  return (path) => {
    const folders = path.split('/').map((_part, index, parts) => parts.slice(0, index + 1).join('/'));
    const rule = rules.findLast(({ pattern }) => folders.some((folder) => pattern.test(folder)));
    return rule !== undefined && !rule.keeps;
  };
}

function patternOf(glob: string): RegExp {
  const source = glob
    .replace(/^\/|\/$/g, '')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*\*|\*|\?/g, (wildcard) => {
      if (wildcard === '**/') return '(?:.*/)?';
      if (wildcard === '**') return '.*';
      return wildcard === '*' ? '[^/]*' : '[^/]';
    });
  return new RegExp(`^${source}$`);
}
