/** Short names for what the API speaks of. */
import type { components } from './schema';

export type Schemas = components['schemas'];

/** A schema of which some members are known more closely than the API's document says. */
export type Narrow<T, Part> = Omit<T, keyof Part> & Part;

export type Adapter = Schemas['AdapterView'];
export type AdapterChoice = Schemas['ChoiceView'];
export type AuditEntry = Schemas['AuditEntry'];
export type Condition = Schemas['Condition'];
export type ConfigEntry = Schemas['ConfigEntry'];
export type ConfigType = Schemas['ConfigType'];
export type Connection = Schemas['ConnectionView'];
export type DeadLetter = Schemas['DeadLetterView'];
export type Delivery = Schemas['DeliveryView'];
export type DeliveryState = Schemas['DeliveryState'];
export type Document = Schemas['Document'];
export type EgressPolicy = Schemas['EgressPolicy'];
export type Endpoint = Schemas['EndpointView'];
export type Execution = Schemas['ExecutionView'];
export type ExecutionSummary = Schemas['ExecutionSummary'];
export type FileDiff = Schemas['FileDiff'];
export type IdentityProvider = Schemas['ProviderView'];
export type Integration = Schemas['IntegrationView'];
export type IntegrationField = Schemas['IntegrationField'];
export type Key = Schemas['KeyView'];
export type Limits = Schemas['Limits'];
export type LogLevel = Schemas['LogLevel'];
export type LogLine = Schemas['LogLine'];
export type Mapping = Schemas['MappingView'];
export type Me = Schemas['Me'];
export type OAuthSettings = Schemas['OAuthSettings'];
export type Organization = Schemas['OrganizationView'];
export type Package = Schemas['Package'];
export type Parameter = Schemas['Parameter'];
export type Permission = Schemas['Permission'];
export type Place = Schemas['Place'];
export type Priority = Schemas['Priority'];
export type Problem = Schemas['Problem'];
export type QueueOrganization = Schemas['QueueOrganization'];
export type QueueWaiting = Schemas['QueueWaiting'];
export type QuotaUsage = Schemas['QuotaUsage'];
export type Role = Schemas['Role'];
export type RoleView = Schemas['RoleView'];
export type Schedule = Schemas['ScheduleView'];
export type SignInOptions = Schemas['SignInOptions'];
export type SignInState = Schemas['SignInState'];
export type Status = Schemas['Status'];
export type StoredFile = Schemas['FileView'];
export type Subscription = Schemas['SubscriptionView'];
export type Table = Schemas['TableView'];
export type User = Schemas['UserView'];
export type Version = Schemas['VersionView'];
export type Webhook = Schemas['WebhookView'];
export type WebhookKind = Schemas['WebhookKind'];
export type Worker = Schemas['WorkerView'];
export type Workflow = Schemas['WorkflowView'];
