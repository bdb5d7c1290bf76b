import { notFound } from 'next/navigation';

/** Any address that no page has: said within the frame, where the way back is. */
export default function MissingPage() {
  notFound();
}
