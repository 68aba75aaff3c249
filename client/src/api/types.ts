/** Short names for what the API speaks of. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type AuditEntry = Schemas['AuditEntry'];
export type ConfigEntry = Schemas['ConfigEntry'];
export type ConfigType = Schemas['ConfigType'];
export type DeadLetter = Schemas['DeadLetterView'];
export type EgressPolicy = Schemas['EgressPolicy'];
export type Execution = Schemas['ExecutionView'];
export type ExecutionSummary = Schemas['ExecutionSummary'];
export type FileDiff = Schemas['FileDiff'];
export type IdentityProvider = Schemas['ProviderView'];
export type Key = Schemas['KeyView'];
export type Limits = Schemas['Limits'];
export type LogLevel = Schemas['LogLevel'];
export type LogLine = Schemas['LogLine'];
export type Me = Schemas['Me'];
export type Organization = Schemas['OrganizationView'];
export type Parameter = Schemas['Parameter'];
export type Permission = Schemas['Permission'];
export type Problem = Schemas['Problem'];
export type Role = Schemas['Role'];
export type RoleView = Schemas['RoleView'];
export type Schedule = Schemas['ScheduleView'];
export type SignInOptions = Schemas['SignInOptions'];
export type SignInState = Schemas['SignInState'];
export type Status = Schemas['Status'];
export type User = Schemas['UserView'];
export type Version = Schemas['VersionView'];
export type Workflow = Schemas['WorkflowView'];
