/** What a person can do about an error, by its code; the server's own words say what is wrong. */

const SEND_AGAIN = 'Load the page again, then try once more.';
const MAKE_ROOM = 'Delete some that nobody needs, then try again.';
const ANOTHER_NAME = 'Choose another name, or change the one that there is.';
const CHANGED = 'Somebody else has changed it. Load it again, then repeat your change.';
const FROM_CODE = 'Change it in the workflow’s decorator and deploy.';

export const ADVICE: Readonly<Record<string, string>> = {
  // Who asks
  unauthenticated: 'Sign in again.',
  sign_in_again: 'Sign out and in again, then repeat this within 15 minutes.',
  sign_in_failed: 'Check what you entered. After five wrong attempts you have to wait a moment.',
  account_suspended: 'Ask an administrator of your organization to activate it again.',
  second_factor_required: 'Sign in again: you are asked for what is needed.',
  own_second_factor: 'You find it in your account, under “Sign-in and sessions”.',
  several_accounts: 'Enter the organization that you want to sign in to.',
  cannot_sign_in: 'Activate the account first, or make a key for it where it is a service account.',
  passkeys_unavailable: 'Sign in with a password, or ask an operator to set the platform’s public URL.',
  provider_refused: 'The provider refused it. Try again, or another way to sign in.',
  provider_failed: 'The provider did not answer as it should. Try again, or tell an operator.',
  wrong_answer: 'Begin again in this browser.',
  expired: 'Begin again: the link or the code is used up or too old.',
  denied: 'Ask an administrator of your organization for this permission.',
  cross_site: 'Open the platform under its own address, without a proxy or extension that changes requests.',
  last_administrator: 'Make somebody else an administrator first.',

  // What is asked
  not_found: 'It may have been deleted, or belong to another organization.',
  gone: 'It is no longer kept.',
  reference: 'What it refers to may have been deleted meanwhile. Load the page again and choose anew.',
  already_exists: ANOTHER_NAME,
  bad_request: SEND_AGAIN,
  not_json: SEND_AGAIN,
  body_incomplete: 'The connection broke while it was sent. Try again.',
  body_too_large: 'Send less at once; what is large belongs in files.',
  query_too_long: 'Send less in the address.',
  headers_too_large: 'Send fewer or shorter headers.',
  method_not_allowed: 'Use a method that it takes; its settings name them.',
  idempotency_mismatch: 'Use another idempotency key for another request.',
  changed_meanwhile: CHANGED,
  version_changed: CHANGED,

  // The platform
  too_many_requests: 'Wait a moment, then try again.',
  busy: 'The platform is busy. Try again in a moment.',
  not_ready: 'The platform is starting. Try again in a moment.',
  internal: 'Try again. If it stays, give the request id to an operator.',
  unreachable: 'Check the connection; this page goes on by itself.',

  // Runs
  already_finished: 'There is nothing to cancel any more; load the run again for its result.',
  not_finished: 'Wait until its run has ended.',
  already_replayed: 'Look at the run that was made of it.',
  run_too_deep: 'Let the workflow start fewer runs from within runs.',
  too_many_runs: 'Look at what starts so many runs: each of them can start others.',
  workflow_inactive: 'Ask who deploys the workspace to switch the workflow on.',
  workflow_failed: 'Look at its run: the log says why.',
  workflow_timeout: 'Look at its run, or give the workflow more time in its decorator.',
  invalid_answer: 'Correct what the workflow returns; its run has it.',
  organization_inactive: 'Ask the provider to activate the organization.',

  // Code
  active_changed: 'Another version is active by now. Compare again.',
  workflow_in_use: 'Keep the workflow, take away what uses it, or deploy all the same.',
  adapter_in_use: 'Keep the adapter, give its webhooks another one, or deploy all the same.',
  nothing_loads: 'Correct the files at fault, or deploy all the same.',
  breaks_dependants: 'Keep what the other organizations import, or deploy all the same.',
  requirements_refused: 'Change the lines that are named; each says what to use instead where that is known.',
  package_index_unavailable: 'Try again in a moment. If it stays, ask an operator whether the platform reaches its package index.',
  not_approved: 'Have it approved first, or choose another version.',
  not_proposed: 'Load it again: somebody has decided about it already.',
  not_the_provider: 'Share from the provider’s own workspace.',
  discloses_source: 'Agree that the source of these folders is disclosed, or leave them out.',

  // Schedules, endpoints and webhooks
  schedule_from_code: FROM_CODE,
  endpoint_from_code: FROM_CODE,
  emits_a_topic: 'Run a workflow that subscribes to the topic instead.',
  adapter_failed: 'Look at the adapter’s code and its log, then try again.',
  request_refused: 'Check how the sender signs: the webhook’s adapter takes this for a forgery.',
  signature_refused: 'Check that the sender signs with this webhook’s secret, and sends the body unchanged.',
  address_refused: 'Add the sender’s address to those that the webhook takes.',
  ending: 'Wait until it is gone, then make a new one.',
  last_secret: 'Add another secret first.',

  // Integrations, forms and data
  connection_failed: 'Look at the connection under Integrations, and connect it again.',
  authorization_refused: 'Connect again, and agree to what is asked there.',
  integration_in_use: 'Remove what uses it first.',
  data_provider_failed: 'Look at the last run of the data provider: its log says why.',
  data_provider_timeout: 'Try again. If it stays, make the data provider quicker: its last run says what takes long.',
  launch_workflow_failed: 'Look at the last run of the form’s launch workflow: its log says why.',
  launch_workflow_timeout: 'Try again. If it stays, make the form’s launch workflow quicker.',
  form_of_workspace: 'Change its file in the workspace and deploy.',
  table_full: 'Delete documents that nobody needs, or keep them in another table.',
  files_full: 'Delete files that nobody needs, or ask an operator for more room.',
  not_delivered: 'Check the address, the settings of the mail server, and whether the other side is up; then test again.',

  // Organizations
  offboarding: 'Wait until its offboarding has gone on, then look again.',
  provider: 'Choose another organization: the provider’s own one runs the platform.',

  // How many there may be
  too_many_channels: MAKE_ROOM,
  too_many_endpoints: MAKE_ROOM,
  too_many_forms: MAKE_ROOM,
  too_many_grants: 'Grant to a role instead of to each person, or revoke some.',
  too_many_integrations: MAKE_ROOM,
  too_many_invitations: 'Revoke invitations that nobody accepts, or wait until they expire.',
  too_many_roles: MAKE_ROOM,
  too_many_rules: MAKE_ROOM,
  too_many_schedules: MAKE_ROOM,
  too_many_secrets: 'Remove the older secret first.',
  too_many_sessions: 'Submit or close forms that you have open, then try again.',
  too_many_subscriptions: MAKE_ROOM,
  too_many_tables: MAKE_ROOM,
  too_many_uploads: 'Submit what there is, or open the form again.',
  too_many_webhooks: MAKE_ROOM,
};
