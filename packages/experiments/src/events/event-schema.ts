import { z } from 'zod';

/** PostgreSQL's text holds every character but NUL. */
const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), 'holds a NUL character');
const required = (max: number) => text(max).min(1, 'is empty');
const uuid = z.guid().transform((id) => id.toLowerCase());

/** Types that every dataset has. */
const fixedTypes = ['impression', 'click', 'cart', 'order', 'refund', 'dislike'] as const;
export type FixedEventType = (typeof fixedTypes)[number];
const ownType = z.string().regex(/^[a-z][a-z0-9_-]{0,49}$/, 'must be a word such as click or wishlist');

/** Whether a type is one that every dataset has. */
export const isFixedType = (type: string): type is FixedEventType => (fixedTypes as readonly string[]).includes(type);

/** One event as a storefront sends it. What depends on time or on the database is checked by `logEvents`. */
export const eventSchema = z
  .object({
    /** Made once by the sender: a repeat of it is dropped. */
    eventId: uuid,
    /** A fixed type, or one that the dataset declares. */
    type: z.enum(fixedTypes).or(ownType),
    /** ISO 8601 with zone, such as 2026-01-31T12:00:00Z. */
    occurredAt: z.iso.datetime({ offset: true }),
    userId: required(200),
    itemId: required(200).optional(),
    /** Experiment and arm that `retrieve` answered with: both or neither. */
    experimentId: uuid.optional(),
    armId: uuid.optional(),
    /** The `retrieve` answer that showed the item. */
    requestId: uuid.optional(),
    placement: text(100).optional(),
    /** 0-based position in the list that was shown. */
    position: z.int().min(0).max(1_000_000).optional(),
    /** Lines of one order share it; an order event without it is an order of its own. */
    orderId: required(200).optional(),
    quantity: z.int().min(1).max(1_000_000).optional(),
    /** How long the user looked at the item, in milliseconds. */
    dwellMs: z.int().min(0).max(86_400_000).optional(),
    /** Value of an order line or refund in minor units, quantity included; zero or more. */
    valueMinor: z.int().min(0, 'must not be negative').optional(),
    /** ISO 4217 code. */
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as GBP')
      .optional(),
    /** Class of the user agent: desktop, phone, tablet …; users of the class bot count nowhere. */
    device: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,29}$/, 'must be a word such as phone')
      .optional(),
    /** Probability with which the item came to its position, where chance had a part in it. */
    propensity: z.number().gt(0).max(1).optional(),
  })
  .superRefine((event, context) => {
    const need = (field: keyof typeof event) => {
      if (event[field] === undefined)
        context.addIssue({ code: 'custom', path: [field], message: `is missing: ${purpose}` });
    };
    let purpose = `${event.type} events name the item`;
    if (event.type !== 'order' && event.type !== 'refund') need('itemId');
    purpose = `${event.type} events carry a value and its currency`;
    if (event.type === 'order' || event.type === 'refund') {
      need('valueMinor');
      need('currency');
    }
    purpose = 'experimentId and armId come together';
    if (event.armId !== undefined) need('experimentId');
    if (event.experimentId !== undefined) need('armId');
  });

export type EventInput = z.input<typeof eventSchema>;
export type ParsedEvent = z.output<typeof eventSchema>;
