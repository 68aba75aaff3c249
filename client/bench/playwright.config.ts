/** Measures the web UI for `make bench` and prints the figures as a line of JSON. BIFROST names the
 *  program, CHROMIUM the browser; with UI_BENCH_QUICK=1 there are fewer samples. */
import { defineConfig } from '@playwright/test';
import tests from '../playwright.config';

export default defineConfig({
  ...tests,
  testDir: '.',
  testMatch: '*.bench.ts',
  outputDir: '../../target/bench/ui',
  maxFailures: 0,
  timeout: 600_000,
  reporter: './reporter.ts',
  globalSetup: '../e2e/server.ts',
  // A trace takes pictures, and time.
  use: { ...tests.use, trace: 'off' },
});
