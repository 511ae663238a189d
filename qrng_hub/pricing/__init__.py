"""What jobs cost: price models, the dated price book, and its refresh from AWS's own price list."""

from qrng_hub.pricing.book import PriceBook, price_book, shipped_book
from qrng_hub.pricing.check import check_price, stale_within
from qrng_hub.pricing.model import Price
from qrng_hub.pricing.refresh import refresh

__all__ = ["Price", "PriceBook", "check_price", "price_book", "refresh", "shipped_book", "stale_within"]
