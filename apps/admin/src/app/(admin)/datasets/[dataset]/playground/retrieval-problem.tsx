import { Notice } from '#components/layout/notice.tsx';

export const RetrievalProblem = ({ problem }: { problem: string | undefined }) => (
  <Notice tone="problem" title="The retrieval service gave no answer.">
    {problem}
  </Notice>
);
