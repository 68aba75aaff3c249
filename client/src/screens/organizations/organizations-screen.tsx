import { Page } from '@/ui/page';
export const OrganizationsScreen = () => <Page title="OrganizationsScreen">-</Page>;
