import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vitest/config';

/** Files below this many bytes do not get smaller by compression. */
const WORTH_COMPRESSING = 1_000;

/** Writes `.br` and `.gz` beside every text file, so that the server compresses nothing. */
function precompress(): Plugin {
  let folder = '';
  return {
    name: 'precompress',
    apply: 'build',
    configResolved: (config) => {
      folder = config.build.outDir;
    },
    closeBundle: () => {
      for (const name of readdirSync(join(folder, 'assets'))) {
        if (!/\.(js|css|svg|wasm)$/.test(name)) continue;
        const path = join(folder, 'assets', name);
        const text = readFileSync(path);
        if (text.length < WORTH_COMPRESSING) continue;
        const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        writeFileSync(`${path}.br`, brotliCompressSync(text, { params: quality }));
        writeFileSync(`${path}.gz`, gzipSync(text, { level: 9 }));
      }
    },
  };
}

/** The font of nearly all text. */
const FONT = /geist-latin-wght-normal-.*\.woff2$/;

/** Scripts come after styles: without these there is nothing to see. The font comes beside the scripts, and not once
 *  they have drawn something, so that nothing is drawn with another font first. */
function inOrder(): Plugin {
  const tag = /<(script type="module"|link rel="modulepreload") /g;
  return {
    name: 'in-order',
    transformIndexHtml: {
      order: 'post',
      handler: (html, { bundle = {} }) => ({
        html: html.replace(tag, '<$1 fetchpriority="low" '),
        tags: Object.keys(bundle)
          .filter((file) => FONT.test(file))
          .map((file) => ({ tag: 'link', injectTo: 'head', attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: true, href: `/${file}` } })),
      }),
    },
  };
}

/** Has browsers compile what begins every page while they load it, beside the page, and not function by function when
 *  each is first called: that is about a quarter of what a phone computes until there is something to see. */
function compiledAtOnce(): Plugin {
  return {
    name: 'compiled-at-once',
    apply: 'build',
    generateBundle: (_, bundle) => {
      for (const file of Object.values(bundle)) {
        if (file.type === 'chunk' && (file.name === 'first' || file.code.length < 100_000)) file.code = `//# allFunctionsCalledOnLoad\n${file.code}`;
      }
    },
  };
}

/** What every screen needs is one file: that is fewer requests, and compresses better. */
const FIRST = /node_modules\/(@radix-ui\/(?!react-(?:popover|toast))[\w-]+|@floating-ui|aria-hidden|react-remove-scroll|use-callback-ref|use-sidecar|clsx|class-variance-authority|react|react-dom|scheduler|@tanstack\/(query-core|react-query|router-core|react-router|history|store|react-store))\//;

/** What many screens share, in one file as well: a request costs more than some bytes too many. */
const SHARED = /\/src\/(ui|lib|api)\//;

/** Small parts of several screens that a run's page has all of. */
const PARTS = /\/src\/(ui\/(tabs|search-box|json-tree|folded)\.tsx|lib\/table\.ts)/;

const server = process.env.BIFROST_URL ?? 'http://127.0.0.1:8400';

export default defineConfig({
  plugins: [react(), tailwind(), inOrder(), compiledAtOnce(), precompress()],
  resolve: { alias: { '@': join(import.meta.dirname, 'src') } },
  build: {
    target: 'es2023',
    manifest: true,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', test: FIRST }, { name: 'icons', test: /lucide-react/, minShareCount: 2 }, { name: 'shared', test: SHARED, minShareCount: 25 }, { name: 'parts', test: PARTS, minShareCount: 2 }] } } },
  },
  server: { proxy: { '/api': server, '/openapi.json': server, '/ws': { target: server, ws: true } } },
  test: { include: ['src/**/*.test.{ts,tsx}'] },
});
