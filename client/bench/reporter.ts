/** Prints one line of JSON: figures, details, and why something is missing. */
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, TestCase, TestError, TestResult } from '@playwright/test/reporter';
import { DETAIL, FIGURE, type Told } from './figures';

export default class FigureReporter implements Reporter {
  private readonly figures: Record<string, Told['value']> = {};
  private readonly details: Record<string, Told['value']> = {};
  private readonly failures: string[] = [];

  printsToStdio(): boolean {
    return true;
  }

  onTestEnd(test: TestCase, { annotations, errors, status }: TestResult): void {
    for (const { type, description } of annotations) {
      if (type !== FIGURE && type !== DETAIL) continue;
      const { key, value } = JSON.parse(description ?? '') as Told;
      (type === FIGURE ? this.figures : this.details)[key] = value;
    }
    for (const error of errors) this.fail(error, `${test.title}: `);
    if (errors.length === 0 && status !== 'passed') this.failures.push(`${test.title}: ${status}`);
  }

  onError(error: TestError): void {
    this.fail(error, '');
  }

  onEnd(): void {
    const { figures, details, failures } = this;
    process.stdout.write(`${JSON.stringify({ figures, details, failures })}\n`);
  }

  private fail({ message, value }: TestError, before: string): void {
    this.failures.push(before + stripVTControlCharacters(message ?? value ?? 'failed'));
  }
}
