import { Page } from '@/ui/page';
export const SchedulesScreen = () => <Page title="SchedulesScreen">-</Page>;
