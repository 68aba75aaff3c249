/** Integrations, tables and files as the API has them, until its document does: then this file
 *  goes, and `client.ts` and `types.ts` take the generated types alone. */
import type { components } from './schema';

type Shares = components['schemas']['ShareList'];
type ConfigType = components['schemas']['ConfigType'];
type Values = Record<string, unknown>;

export type DataPermission = 'integrations.manage' | 'tables.read' | 'tables.write' | 'files.read' | 'files.write';

export interface DataSchemas {
  IntegrationField: {
    key: string;
    type: ConfigType;
    required?: boolean;
    default?: unknown;
    description?: string | null;
  };
  OAuthSettings: {
    flow: 'authorization_code' | 'client_credentials' | 'refresh_token';
    client_id: string;
    authorization_url?: string | null;
    token_url: string;
    scopes?: string[];
    client_authentication?: 'basic' | 'body';
    parameters?: Record<string, string>;
    default_lifetime_seconds?: number;
  };
  KeptView: { secret_keys: string[]; has_client_secret: boolean; redirect_uri: string };
  IntegrationView: {
    id: string;
    organization_id?: string | null;
    name: string;
    description: string;
    config_schema: DataSchemas['IntegrationField'][];
    config: Values;
    oauth?: DataSchemas['OAuthSettings'] | null;
    created_at: string;
    updated_at: string;
    kept?: DataSchemas['KeptView'] | null;
  };
  ConnectionStatus: 'not_connected' | 'connected' | 'expired' | 'failed';
  ConnectionView: {
    id: string;
    organization_id?: string | null;
    integration_id: string;
    integration: string;
    client_id?: string | null;
    status: DataSchemas['ConnectionStatus'];
    error?: string | null;
    failures: number;
    renews: boolean;
    connected_by?: string | null;
    connected_at?: string | null;
    refreshed_at?: string | null;
    expires_at?: string | null;
    refresh_at?: string | null;
    created_at: string;
    updated_at: string;
  };
  MappingView: {
    id: string;
    organization_id: string;
    integration: string;
    entity_id: string;
    entity_name?: string | null;
    config: Values;
    missing: string[];
    created_at: string;
    updated_at: string;
  };
  TableView: {
    id: string;
    name: string;
    description?: string | null;
    table_schema?: Values | null;
    organization_id?: string | null;
    document_count: number;
    bytes: number;
    created_by?: string | null;
    created_at: string;
    updated_at: string;
  };
  Document: {
    id: string;
    table_id: string;
    data: Values;
    version: number;
    created_by?: string | null;
    updated_by?: string | null;
    created_at: string;
    updated_at: string;
  };
  DocumentList: { documents: DataSchemas['Document'][]; total: number; limit: number; offset: number };
  FileView: {
    organization_id: string;
    location: string;
    path: string;
    size: number;
    sha256: string;
    content_type: string;
    created_at: string;
    updated_at: string;
    updated_by?: string | null;
    expires_at?: string | null;
  };
  StoredFiles: { files: DataSchemas['FileView'][]; next_cursor?: string | null };
  SignedFile: { url: string; path: string; expires_in: number };
}

interface Json<T> {
  headers: Record<string, unknown>;
  content: { 'application/json': T };
}

interface Gone {
  headers: Record<string, unknown>;
  content?: never;
}

interface Get<Ok, Path> {
  parameters: { query?: never; header?: never; path: Path; cookie?: never };
  requestBody?: never;
  responses: { 200: Json<Ok> };
}

interface GetAll<Ok, Query = never> {
  parameters: { query?: Query; header?: never; path?: never; cookie?: never };
  requestBody?: never;
  responses: { 200: Json<Ok> };
}

interface Send<Body, Ok, Path> {
  parameters: { query?: never; header?: never; path: Path; cookie?: never };
  requestBody: { content: { 'application/json': Body } };
  responses: { 200: Json<Ok> };
}

interface Make<Body, Ok> {
  parameters: { query?: never; header?: never; path?: never; cookie?: never };
  requestBody: { content: { 'application/json': Body } };
  responses: { 201: Json<Ok> };
}

interface Act<Path> {
  parameters: { query?: never; header?: never; path: Path; cookie?: never };
  requestBody?: never;
  responses: { 204: Gone };
}

interface Remove<Query> {
  parameters: { query: Query; header?: never; path?: never; cookie?: never };
  requestBody?: never;
  responses: { 204: Gone };
}

interface None {
  parameters: { query?: never; header?: never; path?: never; cookie?: never };
}

interface OfName {
  name: string;
}
interface OfId {
  id: string;
}
interface OfOrganization extends OfName {
  organization: string;
}
interface OfDocument extends OfId {
  document: string;
}
interface Client {
  client_id?: string | null;
  client_secret?: string | null;
  refresh_token?: string | null;
}
interface Definition {
  description?: string;
  config_schema?: DataSchemas['IntegrationField'][];
  config?: Values;
  oauth?: DataSchemas['OAuthSettings'] | null;
  client_secret?: string | null;
}
interface Query {
  where?: Values | null;
  order_by?: string | null;
  order_dir?: string | null;
  limit?: number | null;
  offset?: number | null;
}

type Connection = DataSchemas['ConnectionView'];
type Integration = DataSchemas['IntegrationView'];
type Table = DataSchemas['TableView'];
type Document = DataSchemas['Document'];

export interface DataPaths {
  '/api/integrations': None & {
    get: GetAll<{ integrations: Integration[] }>;
    post: Make<Definition & { name: string }, Integration>;
  };
  '/api/integrations/{name}': None & {
    get: Get<Integration, OfName>;
    patch: Send<Definition, Integration, OfName>;
    delete: Act<OfName>;
  };
  '/api/integrations/{name}/mappings': None & { get: Get<{ mappings: DataSchemas['MappingView'][] }, OfName> };
  '/api/integrations/{name}/mappings/{organization}': None & {
    put: Send<{ entity_id: string; entity_name?: string | null; config?: Values }, DataSchemas['MappingView'], OfOrganization>;
    delete: Act<OfOrganization>;
  };
  '/api/integrations/{name}/shares': None & { get: Get<Shares, OfName> };
  '/api/integrations/{name}/shares/{organization}': None & { put: Act<OfOrganization>; delete: Act<OfOrganization> };
  '/api/oauth/connections': None & {
    get: GetAll<{ connections: Connection[] }>;
    post: Make<Client & { integration: string }, Connection>;
  };
  '/api/oauth/connections/{id}': None & { get: Get<Connection, OfId>; patch: Send<Client, Connection, OfId>; delete: Act<OfId> };
  '/api/oauth/connections/{id}/authorize': None & { post: Send<{ return_to?: string | null }, { url: string }, OfId> };
  '/api/oauth/connections/{id}/refresh': None & { post: Get<Connection, OfId> };
  '/api/oauth/connections/{id}/disconnect': None & { post: Get<Connection, OfId> };
  '/api/tables': None & {
    get: GetAll<{ tables: Table[] }>;
    post: Make<{ name: string; description?: string | null; table_schema?: Values | null }, Table>;
  };
  '/api/tables/{id}': None & {
    get: Get<Table, OfId>;
    patch: Send<{ description?: string | null; table_schema?: Values | null }, Table, OfId>;
    delete: Act<OfId>;
  };
  '/api/tables/{id}/query': None & { post: Send<Query, DataSchemas['DocumentList'], OfId> };
  '/api/tables/{id}/documents': None & { post: Send<{ id?: string | null; data: Values }, Document, OfId> };
  '/api/tables/{id}/documents/{document}': None & {
    get: Get<Document, OfDocument>;
    put: Send<{ data: Values }, Document, OfDocument>;
    patch: Send<{ data: Values; if_version?: number | null }, Document, OfDocument>;
    delete: Act<OfDocument>;
  };
  '/api/files': None & {
    get: GetAll<DataSchemas['StoredFiles'], { location?: string; directory?: string; cursor?: string; limit?: number }>;
  };
  '/api/files/content': None & { delete: Remove<{ location?: string; path: string }> };
  '/api/files/signed-urls': None & {
    post: {
      parameters: None['parameters'];
      requestBody: { content: { 'application/json': { path: string; location?: string | null; method?: string | null; content_type?: string | null } } };
      responses: { 200: Json<DataSchemas['SignedFile']> };
    };
  };
}
