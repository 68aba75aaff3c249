/** Writing code in the browser: files, completion, problems, drafts, deploys, and two who deploy. */
import { api, expect, expectAccessible, expectResult, test, workflowIds } from './helpers';
import { asDeployed, built, deployBeside, editorOf, fill, HELLO, makeFile } from './editor';

test('a workflow is written, run beside its code, and deployed', async ({ admin: page }) => {
  await page.goto('/code');
  await page.getByRole('link', { name: 'Edit code' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Edit code' })).toBeVisible();
  await page.getByRole('button', { name: 'New file' }).click();
  await page.getByLabel('Path').fill('../greet.py');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByText('needs a name of its own')).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await makeFile(page, 'workflows/greet.py', HELLO);
  await built(page);
  await expect(page.getByText('No problems')).toBeVisible();

  // What is needed is asked for before anything runs.
  await page.keyboard.press('Control+Enter');
  const run = page.getByRole('region', { name: 'Run a draft' });
  await expect(run.getByText('Name is needed.')).toBeVisible();
  await run.getByLabel('Name').fill('Ada');
  await run.getByLabel(/^Times/).fill('3');
  await editorOf(page, 'workflows/greet.py').press('Control+Enter');
  await expect(run.getByRole('region', { name: 'Log', exact: true })).toContainText('Greeting Ada, 3');
  await expectResult(run, '"greeted": "Ada"');
  // Nobody else has it yet.
  expect(await workflowIds(page)).not.toHaveProperty('greet');

  // What is not deployed is still there after the page is loaded again.
  await page.reload();
  await expect(editorOf(page, 'workflows/greet.py')).toContainText('Greets somebody.');
  await page.getByRole('button', { name: 'Deploy…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('region', { name: 'Workflows', exact: true })).toContainText('workflows/greet.py::greet');
  await dialog.getByLabel('Message').fill('A greeting');
  await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(dialog.getByRole('heading', { name: /Version \d+ is active/ })).toBeVisible();
  await expect(dialog.getByRole('region', { name: 'Result by file' })).toContainText('workflows/greet.py');
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('button', { name: 'Changes', exact: true }).click();
  await expect(page.getByText('Nothing is changed')).toBeVisible();
  expect(await workflowIds(page)).toHaveProperty('greet');
});

test('the SDK is offered while typing', async ({ admin: page }) => {
  await page.goto('/code/edit?path=workflows/greet.py');
  await fill(page, 'workflows/greet.py', '');
  await page.keyboard.type('from bifrost import conf', { delay: 20 });
  await expect(page.getByRole('option', { name: /^config/ }).first()).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.type('ig\nvalue = config.g', { delay: 20 });
  const option = page.getByRole('option', { name: /^get/ });
  await expect(option).toBeVisible();
  await expect(page.getByText('or default when there is none that this run may see')).toBeVisible();
  // For a moment, keys are still of whoever types and does not see the offer yet.
  await page.waitForTimeout(150);
  await page.keyboard.press('Enter');
  await expect(editorOf(page, 'workflows/greet.py')).toContainText('value = config.get()');
  await asDeployed(page);
});

test('problems stand at their lines, and a traceback leads to the code', async ({ admin: page }) => {
  await page.goto('/code/edit?path=workflows/greet.py');
  await fill(page, 'workflows/greet.py', `${HELLO}\n\ndef broken(:\n`);
  const problems = page.getByRole('region', { name: 'Problems' });
  await problems.getByRole('button', { name: /1 error/ }).click();
  await expect(problems.getByRole('listitem')).toContainText('workflows/greet.py:16');
  await expect(page.locator('.cm-lint-marker-error')).toBeVisible();
  await problems.getByRole('link').click();
  await expect(page).toHaveURL(/path=workflows(%2F|\/)greet.py&line=16/);
  await expect(editorOf(page, 'workflows/greet.py')).toBeFocused();

  await fill(page, 'workflows/greet.py', HELLO.replace('    return', '    raise LookupError("nobody")\n    return'));
  await built(page);
  await page.getByRole('button', { name: 'Run draft' }).click();
  const run = page.getByRole('region', { name: 'Run a draft' });
  await run.getByLabel('Name').fill('Ada');
  await run.getByRole('button', { name: 'Run', exact: true }).click();
  const error = run.getByRole('region', { name: 'Error' });
  await expect(error).toContainText('nobody');
  await error.getByRole('link').last().click();
  await expect(page).toHaveURL(/line=13/);
  await asDeployed(page);
});

test('requirements that cannot be met are refused with their reason', async ({ admin: page }) => {
  await page.goto('/code/edit');
  await makeFile(page, 'requirements.txt', 'git+https://example.com/x.git\n');
  const problems = page.getByRole('region', { name: 'Problems' });
  await problems.getByRole('button', { name: /1 error/ }).click();
  await expect(problems.getByText('The packages cannot be installed')).toBeVisible();
  await expect(problems.getByRole('listitem')).toContainText('requirements.txt:1');
  await page.getByRole('button', { name: 'Deploy…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(page.getByRole('dialog').getByRole('list', { name: 'Why it was refused' })).toContainText('requirements.txt:1');
  await page.keyboard.press('Escape');
  await asDeployed(page);
});

test('files are made, moved, deleted and brought back by the keyboard', async ({ admin: page }) => {
  await page.goto('/code/edit?path=README.md');
  const tree = page.getByRole('tree', { name: 'Files' });
  await tree.getByRole('treeitem', { name: 'README.md' }).focus();
  await page.keyboard.press('Home');
  await expect(tree.getByRole('treeitem', { name: 'adapters' })).toBeFocused();
  await tree.getByRole('treeitem', { name: 'data' }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect(tree.getByRole('treeitem', { name: 'data' })).toHaveAttribute('aria-expanded', 'false');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(tree.getByRole('treeitem', { name: 'licenses.csv' })).toBeFocused();
  await page.keyboard.press('F2');
  await page.getByLabel('Path').fill('data/2026/licenses.csv');
  await page.getByRole('button', { name: 'Move', exact: true }).click();
  await page.getByRole('button', { name: /^Changes/ }).click();
  const changes = page.getByRole('list', { name: 'Changed files' });
  await expect(changes.getByRole('listitem')).toHaveCount(2);
  await page.getByRole('button', { name: 'Files', exact: true }).click();
  await tree.getByRole('treeitem', { name: 'users.csv' }).focus();
  await page.keyboard.press('Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(tree.getByRole('treeitem', { name: 'users.csv' })).toHaveCount(0);
  await page.getByRole('button', { name: /^Changes/ }).click();
  await page.getByRole('button', { name: 'Undo the changes of data/users.csv' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(changes.getByRole('listitem')).toHaveCount(2);
  await asDeployed(page);
});

test('files of the computer come in, and what is no text is shown as such', async ({ admin: page }) => {
  await page.goto('/code/edit');
  await page.getByRole('button', { name: 'More for files' }).click();
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('menuitem', { name: 'Upload files' }).click();
  await (await choosing).setFiles([
    { name: 'notes.yaml', mimeType: 'text/yaml', buffer: Buffer.from('a: 1\n') },
    { name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 255]) },
  ]);
  const tree = page.getByRole('tree', { name: 'Files' });
  await tree.getByRole('treeitem', { name: /^notes.yaml/ }).click();
  await expect(editorOf(page, 'notes.yaml')).toContainText('a: 1');
  await tree.getByRole('treeitem', { name: /^logo.png/ }).click();
  await expect(page.getByText('This is no text')).toBeVisible();
  await page.getByRole('button', { name: 'Deploy…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(page.getByRole('dialog').getByRole('heading', { name: /is active/ })).toBeVisible();
  const file = await api<{ content: string; size: number }>(page, 'GET', '/api/workspace/files/logo.png');
  expect(Buffer.from(file.content, 'base64')).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 255]));
});

test('all files are searched, and any is opened by a few letters', async ({ admin: page }) => {
  await page.goto('/code/edit');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.getByLabel('Search in all files').fill('Logger.info');
  await expect(page.getByRole('list', { name: 'Found' })).toContainText('tickets.py');
  await expect(page).toHaveURL(/q=Logger.info/);
  await page.getByRole('button', { name: 'Match case' }).click();
  await expect(page.getByText('Nothing fits')).toBeVisible();
  await page.getByRole('button', { name: 'Match case' }).click();
  await page.getByRole('button', { name: 'Regular expression' }).click();
  await page.getByLabel('Search in all files').fill('^async def open_tick.ts\\(');
  const hits = page.getByRole('list', { name: 'Found' }).getByRole('link');
  await expect(hits).toHaveCount(1);
  await hits.click();
  await expect(page).toHaveURL(/path=workflows(%2F|\/)tickets.py&line=21/);
  await page.getByLabel('Search in all files').fill('(a+)+$(');
  await expect(page.getByText('This is no regular expression')).toBeVisible();
  await page.keyboard.press('Control+p');
  await page.getByRole('combobox', { name: 'Open a file' }).fill('licrec:12');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/path=workflows(%2F|\/)license_reconciliation.py&line=12/);
  await expect(editorOf(page, 'workflows/license_reconciliation.py')).toBeVisible();
});

test('what was found is replaced in a line and in all files, and comes back', async ({ admin: page }) => {
  await page.goto('/code/edit');
  await makeFile(page, 'notes/a.txt', 'red fish\nblue fish\n');
  await makeFile(page, 'notes/b.txt', 'one Fish\n');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.getByLabel('Search in all files').fill('fish');
  await page.getByRole('button', { name: 'Replace', exact: true }).click();
  await page.getByLabel('Replace with').fill('bird');
  await page.getByRole('button', { name: 'Replace in line 2 of notes/a.txt' }).click();
  await expect(page.getByText('Replaced 1 match in 1 file')).toBeVisible();
  const hits = page.getByRole('list', { name: 'Found' }).getByRole('link');
  await expect(hits).toHaveCount(2);
  await page.getByRole('button', { name: 'Replace all…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Replace 2 matches in 2 files?' });
  await dialog.getByRole('button', { name: 'Replace', exact: true }).click();
  await expect(page.getByText('Replaced 2 matches in 2 files')).toBeVisible();
  await expect(page.getByText('Nothing fits')).toBeVisible();
  // The open file has it, and its own way back.
  await expect(editorOf(page, 'notes/b.txt')).toContainText('one bird');
  await editorOf(page, 'notes/b.txt').click();
  await page.keyboard.press('Control+z');
  await expect(editorOf(page, 'notes/b.txt')).toContainText('one Fish');
  // What was written since stays.
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.getByText('1 file as before', { exact: true })).toBeVisible();
  await expect(page.getByText('1 file changed since, and not touched.', { exact: true })).toBeVisible();
  await hits.filter({ hasText: 'red fish' }).click();
  await expect(editorOf(page, 'notes/a.txt')).toContainText('blue bird');
  await expectAccessible(page, 'while replacing');
  await asDeployed(page);
});

test('packages are chosen anew, also where no file is changed', async ({ admin: page }) => {
  await page.goto('/code/edit');
  await makeFile(page, 'requirements.txt', '# none yet\n');
  await built(page);
  const dialog = page.getByRole('dialog');
  const deploy = async () => {
    const sent = page.waitForRequest('**/api/workspace/deploy');
    await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
    return (await sent).postDataJSON() as { upgrade: boolean; edits: object };
  };
  await page.getByRole('button', { name: 'Deploy…' }).click();
  expect((await deploy()).upgrade).toBe(false);
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('button', { name: 'Deploy…' }).click();
  await expect(dialog).toContainText('No file differs');
  await expect(dialog.getByRole('button', { name: 'Deploy', exact: true })).toBeDisabled();
  await dialog.getByLabel('Choose packages anew').check();
  expect(await deploy()).toMatchObject({ upgrade: true, edits: {} });
  await expect(dialog.getByRole('heading', { name: 'This is what is deployed already' })).toBeVisible();
});

test('when somebody deploys meanwhile, each file is decided about', async ({ admin: page }) => {
  await page.goto('/code/edit?path=workflows/hello.py');
  await fill(page, 'workflows/hello.py', HELLO.replace('greet', 'hello'));
  await page.getByRole('tree', { name: 'Files' }).getByRole('treeitem', { name: 'README.md' }).click();
  await fill(page, 'README.md', '# Mine\n');
  await built(page);
  deployBeside({ 'workflows/hello.py': `${HELLO.replace('greet', 'hello')}# theirs\n` });
  await page.bringToFront();
  await expect(page.getByText(/was deployed while you worked on/)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole('button', { name: 'Deploy…' })).toBeDisabled();
  await page.getByRole('button', { name: 'Decide…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('region', { name: 'Changes of workflows/hello.py' })).toContainText('# theirs');
  await dialog.getByRole('button', { name: 'Keep mine' }).click();
  await expect(page.getByText(/was deployed while you worked on/)).toHaveCount(0);
  // What is deployed now is what it is compared with from here on.
  await page.getByRole('button', { name: /^Changes/ }).click();
  await page.getByRole('button', { name: 'See the changes of workflows/hello.py' }).click();
  await expect(page.getByRole('dialog').getByRole('region', { name: 'Changes of workflows/hello.py' })).toContainText('# theirs');
  await page.keyboard.press('Escape');
  await asDeployed(page);
});

test('a workflow in use goes only in a second step', async ({ admin: page }) => {
  deployBeside({ 'workflows/nightly.py': HELLO.replace('greet', 'nightly_greeting') });
  await api(page, 'POST', '/api/schedules', { workflow_id: 'nightly_greeting', name: 'Every night', cron_expression: '0 3 * * *', input_data: { name: 'Ada' } });
  await page.goto('/code/edit?path=workflows/nightly.py');
  await fill(page, 'workflows/nightly.py', HELLO.replace('greet', 'other_greeting'));
  await built(page);
  await page.getByRole('button', { name: 'Deploy…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('region', { name: 'Workflows', exact: true })).toContainText('Other name');
  await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(dialog.getByRole('alert')).toContainText('schedule Every night');
  await expect(dialog.getByRole('button', { name: 'Deploy', exact: true })).toBeDisabled();
  await dialog.getByLabel(/Deploy all the same/).check();
  await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(dialog.getByRole('heading', { name: /is active/ })).toBeVisible();
});

test('its states are accessible, also on a phone', async ({ admin: page }) => {
  await page.goto('/code/edit?path=workflows/hello.py&run=workflows/hello.py::hello');
  await fill(page, 'workflows/hello.py', `${HELLO}def broken(:\n`);
  const problems = page.getByRole('region', { name: 'Problems' });
  await problems.getByRole('button', { name: /error/ }).click();
  await page.getByRole('button', { name: /^Changes/ }).click();
  await expectAccessible(page, 'with problems and changes');
  await page.getByRole('button', { name: 'Deploy…' }).click();
  await expect(page.getByRole('dialog')).toContainText('would be left out');
  await expectAccessible(page, 'about to deploy');
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 390, height: 844 });
  for (const part of ['Files', 'Code', 'Run']) {
    await page.getByRole('group', { name: 'Part of the editor' }).getByRole('button', { name: part }).click();
    await expectAccessible(page, `on a phone: ${part}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wide).toBeLessThanOrEqual(0);
  }
  await page.setViewportSize({ width: 1_440, height: 900 });
  await asDeployed(page);
});
