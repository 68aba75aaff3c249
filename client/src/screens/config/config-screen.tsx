import { Page } from '@/ui/page';
export const ConfigScreen = () => <Page title="ConfigScreen">-</Page>;
