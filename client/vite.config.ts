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

/** What every screen needs is one file: that is fewer requests, and compresses better. */
const FIRST = /node_modules\/(@radix-ui\/(?!react-(?:popover|toast))[\w-]+|@floating-ui|aria-hidden|react-remove-scroll|use-callback-ref|use-sidecar|clsx|class-variance-authority|tailwind-merge|react|react-dom|scheduler|@tanstack\/(query-core|react-query|router-core|react-router|history|store|react-store))\//;

const server = process.env.BIFROST_URL ?? 'http://127.0.0.1:8400';

export default defineConfig({
  plugins: [react(), tailwind(), precompress()],
  resolve: { alias: { '@': join(import.meta.dirname, 'src') } },
  build: {
    target: 'es2023',
    manifest: true,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', test: FIRST }] } } },
  },
  server: { proxy: { '/api': server, '/openapi.json': server, '/ws': { target: server, ws: true } } },
  test: { include: ['src/**/*.test.{ts,tsx}'] },
});
