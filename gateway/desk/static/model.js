// The shapes that travel between the desk and the JSON API, for the type checker.

/**
 * @typedef {object} Setup What the page carries.
 * @property {"vi" | "en"} lang
 * @property {string} timezone
 * @property {string} now the server's time, RFC 3339
 * @property {string} cursor where the live feed begins
 * @property {string} csrf
 * @property {Me} me
 * @property {string} open the conversation that the address names, or ''
 * @property {number} late_minutes a customer who waits longer is late
 * @property {string} policies address of a section's module in the place of the policies', or ''
 * @property {Record<string, string>} products names by code
 * @property {string} consent C1 as it is read out in a call
 * @property {string[]} teams ids of mine
 *
 * @typedef {object} Me
 * @property {string} id
 * @property {string} name
 * @property {string} role
 * @property {string[]} may actions of gateway/api/allow.py
 *
 * @typedef {object} Person
 * @property {string} id
 * @property {string} name
 * @property {string} [role]
 * @property {boolean} [online]
 * @property {string[]} [teams]
 *
 * @typedef {object} Slots
 * @property {string} [name]
 * @property {string} [phone]
 * @property {string} [email]
 * @property {string} [need]
 * @property {string | null} [product]
 * @property {string} [province]
 * @property {{from: string, to: string} | null} [callback_time]
 *
 * @typedef {object} Handoff The request for a person.
 * @property {string} id
 * @property {string} code
 * @property {string} reason
 * @property {number} priority
 * @property {"waiting" | "taken" | "closed"} state
 * @property {string} opened_at
 * @property {string} due_at by when a person is to be in touch
 * @property {boolean} late
 * @property {Person | null} [offered_to] whose turn it is
 * @property {boolean} [escalated] the supervisor is told
 * @property {string | null} taken_at
 * @property {string[]} missing
 * @property {Slots & Record<string, unknown>} captured
 * @property {string} asked
 *
 * @typedef {object} Conversation
 * @property {string} id
 * @property {string} channel
 * @property {string} account
 * @property {string} thread
 * @property {string} contact_id
 * @property {string} stage
 * @property {"open" | "waiting" | "with_advisor" | "closed"} status
 * @property {Person | null} assignee
 * @property {string[]} labels
 * @property {boolean} test
 * @property {string} opened_at
 * @property {string} last_message_at
 * @property {number} version
 * @property {Slots & Record<string, unknown>} slots
 * @property {boolean} masked personal fields are masked for me
 * @property {string} name
 * @property {string} preview
 * @property {string} lang
 * @property {string} code the request code told to the customer
 * @property {string} outcome
 * @property {string} ending how it ended, "" while it is open
 * @property {string | null} waiting_since
 * @property {string | null} snoozed_until
 * @property {string | null} closed_at
 * @property {string | null} last_inbound_at
 * @property {number} last_seq
 * @property {number} unread
 * @property {boolean} reachable
 * @property {string} [team] whose work it is
 * @property {string | null} [answer_due_at] by when his next answer is due, where that is measured
 * @property {Handoff | null} [handoff] not in lists
 * @property {{advice: "free" | "billed" | "template" | "later" | "never", why: string, until: string | null, ways: string[], hours: number, closed_at: string | null, templates: string[], held_by: "us" | "other" | "asked", may_hold: boolean, account: "ok" | "throttled" | "down" | "deaf" | "auth_broken", account_until: string | null}} [window] what the platform lets an advisor say; not in lists
 * @property {Slots & {phone_raw?: string}} [lead] what a form or a call says, before consent; not in lists, as what follows
 * @property {Attempt[]} [attempts]
 * @property {string | null} [next_attempt_at]
 * @property {{needed: boolean, record: Screening | null, prefill: Record<string, unknown>, product_since: string}} [screening]
 *
 * @typedef {object} Attempt
 * @property {string} id
 * @property {number} number of those that failed, 0 = it reached him
 * @property {"reached" | "no_answer" | "busy" | "wrong_number"} result
 * @property {string} note
 * @property {Person} by
 * @property {string} at
 * @property {string | null} next_at
 *
 * @typedef {object} Screening
 * @property {"need" | "no_need" | "spam"} outcome
 * @property {Record<string, unknown>} answers
 * @property {Person | null} by null: the bot
 * @property {string} at
 *
 * @typedef {object} Double
 * @property {string} id
 * @property {"phone" | "email"} reason
 * @property {Contact[]} contacts
 *
 * @typedef {object} Attachment
 * @property {string} id
 * @property {string} kind
 * @property {string} name
 * @property {string} mime
 * @property {number} size
 * @property {"pending" | "stored" | "refused" | "gone"} state
 * @property {string | null} url
 * @property {string} reason
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {string} conversation_id
 * @property {number} seq
 * @property {"inbound" | "outbound" | "internal"} direction
 * @property {"customer" | "bot" | "advisor" | "system"} author
 * @property {Person | null} advisor
 * @property {string} kind
 * @property {string} text
 * @property {Attachment[]} attachments
 * @property {{id?: string, label?: string}[]} buttons
 * @property {{phone?: string, name?: string, own?: boolean} | null} contact
 * @property {number[] | null} location
 * @property {string} said_at
 * @property {string} received_at
 * @property {string | null} edited_at
 * @property {string} status
 * @property {string | null} error
 * @property {string | null} route
 * @property {string | null} external_id
 * @property {{id: string, author: string, text: string} | null} quote what an advisor answered with it
 * @property {string | null} ref external_id of the message that it answers or reacts to
 * @property {string | null} reaction of a reaction: its sign, '' when it was taken back
 * @property {string[]} before what it said before it was edited
 * @property {boolean} taken_back
 * @property {string | null} may_retell until when its channel lets it be changed
 *
 * @typedef {object} Contact
 * @property {string} id
 * @property {string} name
 * @property {string[]} phones
 * @property {string[]} emails
 * @property {{channel: string, account: string, thread: string, reachable: boolean, last_inbound_at: string | null, conversation_id: string | null}[]} points
 * @property {{purpose: string, state: string, at: string, channel: string, text_key: string, text_version: string}[]} consents
 * @property {string} salutation
 * @property {string} lang
 * @property {number} version
 * @property {boolean} masked
 * @property {string[]} merged who joined him
 */

export {};
