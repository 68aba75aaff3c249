import { Page } from '@/ui/page';
export const ProvidersScreen = () => <Page title="ProvidersScreen">-</Page>;
