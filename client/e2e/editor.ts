/** What the flows of the editor share. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { bifrost, expect, workspaceWith } from './helpers';

export const HELLO = `import logging

from bifrost import workflow

logger = logging.getLogger(__name__)


@workflow(category="Editor")
async def greet(name: str, times: int = 2) -> dict:
    """Greets somebody."""
    for number in range(times):
        logger.info("Greeting %s, %d", name, number + 1)
    return {"greeted": name, "times": times}
`;

export const editorOf = (page: Page, path: string): Locator => page.getByRole('textbox', { name: path, exact: true });

/** Puts a text into the editor of a file, as pasting does. */
export async function fill(page: Page, path: string, text: string): Promise<void> {
  const editor = editorOf(page, path);
  await editor.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

export async function makeFile(page: Page, path: string, text: string): Promise<void> {
  await page.getByRole('button', { name: 'New file' }).click();
  await page.getByLabel('Path').fill(path);
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(editorOf(page, path)).toBeVisible();
  await fill(page, path, text);
}

export const built = (page: Page) => expect(page.getByRole('region', { name: 'Problems' }).getByRole('status')).toHaveText('Built');

/** Takes back what an earlier flow has left. */
export async function asDeployed(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Changes/ }).click();
  const undo = page.getByRole('button', { name: 'Undo all' });
  if ((await undo.count()) > 0) {
    await undo.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Undo', exact: true }).click();
  }
  await expect(page.getByText('Nothing is changed')).toBeVisible();
}

/** Deploys the cases of these tests with other files over them, as somebody else does. */
export function deployBeside(files: Record<string, string>): void {
  const folder = workspaceWith('workspace');
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  bifrost('deploy', folder, '--message', 'From elsewhere', '--force');
  rmSync(folder, { recursive: true });
}
