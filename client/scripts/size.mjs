// Fails when the JavaScript that a run's page needs before it shows anything is too large.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** What it may be, in bytes after gzip. */
const BUDGET = 200_000;
/** What the browser loads first: the program, and the screen of a run. */
const FIRST = ['index.html', 'src/screens/run/run-screen.tsx'];

const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));
const files = new Set();

function add(name) {
  const chunk = manifest[name];
  if (!chunk) throw new Error(`${name} is not in the build; rename it in scripts/size.mjs too`);
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const imported of chunk.imports ?? []) add(imported);
}

FIRST.forEach(add);
let total = 0;
for (const file of files) {
  const size = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
  total += size;
  console.log(`${String(size).padStart(8)}  ${file}`);
}
console.log(`${String(total).padStart(8)}  of ${BUDGET} bytes: JavaScript of a run's page, gzip`);
if (total > BUDGET) {
  console.error('too large: load what is not needed at first with a dynamic import');
  process.exit(1);
}
