import { Page } from '@/ui/page';
export const KeysScreen = () => <Page title="KeysScreen">-</Page>;
