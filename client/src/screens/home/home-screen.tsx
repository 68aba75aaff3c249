import { Page } from '@/ui/page';
export const HomeScreen = () => <Page title="HomeScreen">-</Page>;
