"""`python -m qrng_hub` is the command `qrng`."""

from qrng_hub.cli import main

if __name__ == "__main__":
    main()
