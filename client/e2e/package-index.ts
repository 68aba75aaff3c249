/** A package index with one package that is pure Python, for workspaces that need some: PEP 691. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { crc32 } from 'node:zlib';
import { listening } from './loopback';

interface PackageIndex {
  /** Its address, as `BIFROST_PACKAGE_INDEX` has it. */
  url: string;
  close: () => void;
}

const METADATA = 'Metadata-Version: 2.1\nName: ui-greeting\nVersion: 1.0\n';

const WHEEL = 'ui_greeting-1.0-py3-none-any.whl';

const FILES = {
  'ui_greeting/__init__.py': 'def greeting(name: str) -> str:\n    return f"Greetings, {name}"\n',
  'ui_greeting-1.0.dist-info/METADATA': METADATA,
  'ui_greeting-1.0.dist-info/RECORD': '',
};

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

/** Numbers of so many bytes each, as an archive has them. */
function numbers(...pairs: [bytes: 2 | 4, value: number][]): Buffer {
  return Buffer.concat(
    pairs.map(([bytes, value]) => {
      const buffer = Buffer.alloc(bytes);
      buffer.writeUIntLE(value, 0, bytes);
      return buffer;
    }),
  );
}

/** A zip archive whose files are not compressed. */
function archive(files: Record<string, string>): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const name = Buffer.from(path);
    const content = Buffer.from(text);
    // Version, flags, method, time, the first of January 1980, and the sizes.
    const about = numbers([2, 20], [2, 0], [2, 0], [2, 0], [2, 0x21], [4, crc32(content)], [4, content.length], [4, content.length], [2, name.length], [2, 0]);
    const entry = Buffer.concat([numbers([4, 0x04034b50]), about, name, content]);
    central.push(numbers([4, 0x02014b50], [2, 20]), about, numbers([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), name);
    local.push(entry);
    offset += entry.length;
  }
  const directory = Buffer.concat(central);
  const count = local.length;
  const end = numbers([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, directory.length], [4, offset], [2, 0]);
  return Buffer.concat([...local, directory, end]);
}

export async function packageIndex(): Promise<PackageIndex> {
  const wheel = archive(FILES);
  const file = {
    filename: WHEEL,
    url: `../../files/${WHEEL}`,
    hashes: { sha256: sha256(wheel) },
    'requires-python': null,
    yanked: false,
    'core-metadata': { sha256: sha256(METADATA) },
  };
  const answers: Record<string, string | Buffer> = {
    '/simple/ui-greeting/': JSON.stringify({ meta: { 'api-version': '1.1' }, name: 'ui-greeting', files: [file] }),
    [`/files/${WHEEL}`]: wheel,
    [`/files/${WHEEL}.metadata`]: METADATA,
  };
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    response.statusCode = answer === undefined ? 404 : 200;
    response.setHeader('content-type', request.url?.startsWith('/simple/') === true ? 'application/vnd.pypi.simple.v1+json' : 'application/octet-stream');
    response.end(answer);
  });
  return { url: `${await listening(server)}/simple`, close: () => void server.close() };
}
