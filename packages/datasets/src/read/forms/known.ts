import amazon from './known/amazon.json' with { type: 'json' };
import bigcommerce from './known/bigcommerce.json' with { type: 'json' };
import ga4 from './known/ga4.json' with { type: 'json' };
import googleMerchant from './known/google-merchant.json' with { type: 'json' };
import gorse from './known/gorse.json' with { type: 'json' };
import hm from './known/hm.json' with { type: 'json' };
import instacart from './known/instacart.json' with { type: 'json' };
import magento from './known/magento.json' with { type: 'json' };
import matomo from './known/matomo.json' with { type: 'json' };
import movielens from './known/movielens.json' with { type: 'json' };
import olist from './known/olist.json' with { type: 'json' };
import recbole from './known/recbole.json' with { type: 'json' };
import rees46 from './known/rees46.json' with { type: 'json' };
import retailrocket from './known/retailrocket.json' with { type: 'json' };
import segment from './known/segment.json' with { type: 'json' };
import shopify from './known/shopify.json' with { type: 'json' };
import woocommerce from './known/woocommerce.json' with { type: 'json' };

/** Every form that Duet knows: one file each, and one line here. */
export const known: readonly unknown[] = [
  shopify,
  woocommerce,
  magento,
  bigcommerce,
  googleMerchant,
  ga4,
  segment,
  matomo,
  movielens,
  recbole,
  amazon,
  retailrocket,
  rees46,
  hm,
  instacart,
  olist,
  gorse,
];
