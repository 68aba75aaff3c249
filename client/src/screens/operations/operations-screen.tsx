import { Page } from '@/ui/page';
export const OperationsScreen = () => <Page title="OperationsScreen">-</Page>;
