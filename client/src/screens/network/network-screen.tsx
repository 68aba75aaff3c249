import { Page } from '@/ui/page';
export const NetworkScreen = () => <Page title="NetworkScreen">-</Page>;
