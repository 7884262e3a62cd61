/**
 * The canonical JSON (RFC 8785) of a value that was parsed from JSON: members by UTF-16 units, no spaces. Numbers and
 * strings are canonical as JavaScript prints them.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = value as Record<string, unknown>;
  const texts = Object.keys(members)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(members[name])}`);
  return `{${texts.join(',')}}`;
}
