/** When a mailbox is fetched. */
export type Schedule =
  | { readonly kind: 'every'; readonly ms: number }
  | { readonly kind: 'cron'; readonly expression: string; readonly zone: string | null }
  | { readonly kind: 'never' };
