import { Page } from '@/ui/page';
export const VersionScreen = () => <Page title="VersionScreen">-</Page>;
