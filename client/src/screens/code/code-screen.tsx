import { Page } from '@/ui/page';
export const CodeScreen = () => <Page title="CodeScreen">-</Page>;
