import { Page } from '@/ui/page';
export const OrganizationScreen = () => <Page title="OrganizationScreen">-</Page>;
