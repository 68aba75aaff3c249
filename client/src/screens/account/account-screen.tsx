import { Page } from '@/ui/page';
export const AccountScreen = () => <Page title="AccountScreen">-</Page>;
