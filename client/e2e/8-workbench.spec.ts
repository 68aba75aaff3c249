/** The editor's tabs, folders, drafts that are stopped, and what a deploy shows and tells. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asDeployed, built, deployBeside, editorOf, fill, HELLO, makeFile } from './editor';
import { expect, joined, openWorkflow, reviewedOrganizationOf, test, TRY } from './helpers';
import { look } from './screens';

test('open files are closed by their button and by the mouse', async ({ admin: page }) => {
  await page.goto('/code/edit?path=README.md');
  const tree = page.getByRole('tree', { name: 'Files' });
  const tabs = page.getByRole('list', { name: 'Open files' });
  for (const name of ['hello.py', 'tickets.py']) {
    await tree.getByRole('treeitem', { name }).click();
    await expect(tabs.getByRole('link', { name })).toHaveAttribute('aria-current', 'page');
  }
  await expect(tabs.getByRole('listitem')).toHaveCount(3);
  await tabs.getByRole('button', { name: 'Close workflows/tickets.py' }).click();
  await expect(editorOf(page, 'workflows/hello.py')).toBeVisible();
  await expect(page).toHaveURL(/path=workflows(%2F|\/)hello.py/);
  await tabs.getByRole('button', { name: 'Close README.md' }).click();
  await expect(editorOf(page, 'workflows/hello.py')).toBeVisible();
  await page.reload();
  await expect(tabs.getByRole('link')).toHaveText(['hello.py']);
  await tabs.getByRole('link', { name: 'hello.py' }).click({ button: 'middle' });
  await expect(tabs.getByRole('listitem')).toHaveCount(0);
  await expect(page).not.toHaveURL(/path=/);
});

test('a folder of the computer comes in, and files and folders are moved', async ({ admin: page }) => {
  const folder = mkdtempSync(join(tmpdir(), 'bifrost-ui-upload-'));
  for (const path of ['bundle/deep', 'bundle/__pycache__']) mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, 'bundle/notes.txt'), 'a note\n');
  writeFileSync(join(folder, 'bundle/deep/more.txt'), 'more of it\n');
  writeFileSync(join(folder, 'bundle/__pycache__/notes.pyc'), 'nobody means it');
  await page.goto('/code/edit');
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'More for files' }).click();
  await page.getByRole('menuitem', { name: 'Upload a folder' }).click();
  await (await choosing).setFiles(join(folder, 'bundle'));
  await expect(page.getByText('2 files came in', { exact: true })).toBeVisible();
  rmSync(folder, { recursive: true });
  const tree = page.getByRole('tree', { name: 'Files' });
  await tree.getByRole('treeitem', { name: /^bundle/ }).click();
  await tree.getByRole('treeitem', { name: /^deep/ }).click();
  await tree.getByRole('treeitem', { name: /^more\.txt/ }).click();
  await expect(editorOf(page, 'bundle/deep/more.txt')).toContainText('more of it');
  await expect(tree.getByRole('treeitem', { name: /\.pyc/ })).toHaveCount(0);

  await tree.getByRole('treeitem', { name: /^notes\.txt/ }).dragTo(tree.getByRole('treeitem', { name: /^data\b/ }));
  await page.getByRole('button', { name: /^Changes/ }).click();
  const changed = page.getByRole('list', { name: 'Changed files' });
  await expect(changed.getByRole('listitem').filter({ hasText: 'notes.txt' })).toContainText('data');
  await page.getByRole('button', { name: 'Files', exact: true }).click();
  await tree.getByRole('treeitem', { name: /^bundle/ }).focus();
  await page.keyboard.press('F2');
  await page.getByLabel('Path').fill('texts');
  await page.getByRole('button', { name: 'Move', exact: true }).click();
  await expect(editorOf(page, 'texts/deep/more.txt')).toContainText('more of it');
  await asDeployed(page);
});

test('a draft that takes long is stopped', async ({ admin: page }) => {
  await page.goto('/code/edit?path=workflows/ui_cases.py&run=workflows/ui_cases.py::step_by_step');
  const run = page.getByRole('region', { name: 'Run a draft' });
  await run.getByLabel(/^Steps/).fill('600');
  await run.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(run.getByRole('region', { name: 'Log', exact: true })).toContainText('Step 1 of 600');
  await run.getByRole('button', { name: 'Stop' }).click();
  await expect(run.getByRole('status').filter({ hasText: 'Stopped' })).toBeVisible();
  await expect(run.getByRole('button', { name: 'Run', exact: true })).toBeEnabled();
});

test('what is about to be deployed is shown line by line', async ({ admin: page }) => {
  await page.goto('/code/edit?path=README.md');
  await fill(page, 'README.md', '# Mine\n');
  await page.getByRole('button', { name: 'Deploy…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Deploy' });
  const files = dialog.getByRole('region', { name: 'Files', exact: true });
  await expect(files.getByRole('region', { name: 'Changes of README.md' })).toContainText('# Mine');
  await expect(files.getByText('+1', { exact: true })).toBeVisible();
  await expect(dialog.getByRole('region', { name: 'Workflows', exact: true })).toContainText('They stay as they are.');
  await look(page, 'editor-deploy');
  await dialog.getByRole('button', { name: 'Not yet' }).click();
  await asDeployed(page);
});

test('a warning stands at its line, and in what a deploy tells', async ({ admin: page }) => {
  const code = HELLO.replace('greet(name: str', 'warned(name: str = "Ada"').replace('category="Editor"', 'category="Editor", schedule="61 * * * *"');
  await page.goto('/code/edit');
  await makeFile(page, 'workflows/warned.py', code);
  await built(page);
  const problems = page.getByRole('region', { name: 'Problems' });
  await problems.getByRole('button', { name: /1 warning/ }).click();
  await expect(problems.getByRole('listitem')).toContainText('deployed without its schedule');
  await problems.getByRole('link').click();
  await expect(page).toHaveURL(/path=workflows(%2F|\/)warned.py&line=\d+/);
  await page.getByRole('button', { name: 'Deploy…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
  const result = dialog.getByRole('region', { name: 'Result by file' });
  await expect(result.getByRole('img', { name: 'With a warning' })).toBeVisible();
  await expect(result).toContainText('deployed without its schedule');
  await look(page, 'editor-deployed');
  await dialog.getByRole('button', { name: 'Go on' }).click();
  deployBeside({});
});

test('a workflow uses a package that the index has', async ({ admin: page }) => {
  const code = HELLO.replace('import logging\n', 'import logging\n\nimport ui_greeting\n')
    .replace('async def greet(', 'async def packaged(')
    .replace('"greeted": name', '"greeted": ui_greeting.greeting(name)');
  await page.goto('/code/edit');
  await makeFile(page, 'requirements.txt', 'ui-greeting>=1\n');
  await makeFile(page, 'workflows/packaged.py', code);
  await built(page);
  const problems = page.getByRole('region', { name: 'Problems' });
  await expect(problems).toContainText('No problems');
  await problems.getByRole('button', { name: /1 package/ }).click();
  await expect(problems).toContainText('Built with ui-greeting 1.0.');
  await page.getByRole('button', { name: 'Deploy…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(dialog.getByRole('region', { name: 'Packages' }).getByRole('listitem')).toHaveText(['ui-greeting 1.0']);
  await dialog.getByRole('region', { name: 'New workflows' }).getByRole('link', { name: 'packaged' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Ada');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByText('Greetings, Ada').first()).toBeVisible();
  await page.goto('/code?tab=packages');
  await expect(page.getByText('ui-greeting').first()).toBeVisible();
  await look(page, 'packages-some');
  deployBeside({});
  await openWorkflow(page, 'hello');
});

test('what somebody else has deployed meanwhile is taken', async ({ admin: page }) => {
  await page.goto('/code/edit?path=workflows/hello.py');
  await fill(page, 'workflows/hello.py', HELLO.replace('greet', 'hello'));
  await built(page);
  deployBeside({ 'workflows/hello.py': `${HELLO.replace('greet', 'hello')}# from elsewhere\n` });
  await page.bringToFront();
  await expect(page.getByText(/was deployed while you worked on/)).toBeVisible({ timeout: 30_000 });
  await look(page, 'editor-moved');
  await page.getByRole('button', { name: 'Decide…' }).click();
  await expect(page.getByRole('dialog', { name: 'Changed here and there' })).toContainText('# from elsewhere');
  await look(page, 'editor-decide');
  await page.getByRole('button', { name: 'Take theirs' }).click();
  await expect(page.getByText(/was deployed while you worked on/)).toHaveCount(0);
  await expect(editorOf(page, 'workflows/hello.py')).toContainText('# from elsewhere');
  await page.getByRole('button', { name: 'Changes', exact: true }).click();
  await expect(page.getByText('Nothing is changed')).toBeVisible();
  deployBeside({});
});

test('a deploy waits for its review, and its author reads why it was rejected', async ({ admin: page, browser }) => {
  const id = await reviewedOrganizationOf(page, 'Tailspin');
  const author = await joined(browser, page, { email: `tim-${TRY}@tailspin.example`, role: 'org_admin', organization: id });
  await author.goto('/code/edit');
  await makeFile(author, 'workflows/first.py', HELLO);
  await author.getByRole('button', { name: 'Deploy…' }).click();
  const dialog = author.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(dialog.getByRole('heading', { name: 'Version 1 waits for a review' })).toBeVisible();
  await expect(dialog.getByRole('region', { name: 'Result by file' }).getByRole('img', { name: 'Waits' })).toBeVisible();
  await look(author, 'editor-proposed');
  await dialog.getByRole('link', { name: 'See version 1' }).click();
  await expect(author.getByText('Somebody else has to review it.')).toBeVisible();

  await page.goto(`/code/versions/1?org=${id}`);
  await page.getByRole('button', { name: 'Reject' }).click();
  const asked = page.getByRole('dialog', { name: 'Reject version 1?' });
  await asked.getByLabel('Comment').fill('It greets too often');
  await asked.getByRole('button', { name: 'Reject' }).click();
  await expect(page.getByText('Version 1 is rejected', { exact: true })).toBeVisible();
  await author.reload();
  await expect(author.getByText('It greets too often')).toBeVisible();
  await author.goto('/workflows');
  await expect(author.getByRole('link', { name: 'greet', exact: true })).toHaveCount(0);
  await author.context().close();
});
