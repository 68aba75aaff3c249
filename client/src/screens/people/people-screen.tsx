import { Page } from '@/ui/page';
export const PeopleScreen = () => <Page title="PeopleScreen">-</Page>;
