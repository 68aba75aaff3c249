import { Page } from '@/ui/page';
export const RolesScreen = () => <Page title="RolesScreen">-</Page>;
