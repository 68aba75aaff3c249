import { Page } from '@/ui/page';
export const AuditScreen = () => <Page title="AuditScreen">-</Page>;
