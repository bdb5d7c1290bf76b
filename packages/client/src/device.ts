export type Device = 'desktop' | 'phone' | 'tablet' | 'bot';

/**
 * The class of a user agent, for an event's `device`. Bots are those that say so, as crawlers, monitors, scripts and
 * headless browsers do; Duet counts nothing of them. The order matters: an Android tablet lacks the word Mobile
 * (developer.chrome.com/docs/multidevice/user-agent), and a bot may claim to be a phone.
 */
export function deviceOf(userAgent: string | null | undefined): Device {
  // Every browser sends one.
  if (!userAgent) return 'bot';
  if (/bot\b|crawl|spider|slurp|headless|lighthouse|monitor|^(curl|wget|python|go-http|java|node)\b/i.test(userAgent))
    return 'bot';
  if (/ipad|tablet|kindle|silk|android(?!.*mobile)/i.test(userAgent)) return 'tablet';
  if (/iphone|ipod|mobi/i.test(userAgent)) return 'phone';
  return 'desktop';
}
