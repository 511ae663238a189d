"""The S3 of the loopback Braket: buckets of objects, path style, in XML."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from services.braket_catalogue import ServiceError

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class Storage:
    """Buckets and what is in them."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        """The objects, by bucket/key."""
        self.buckets = {"amazon-braket-test"}
        self.versioned = False

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Writes an object."""
        self.objects[f"{bucket}/{key}"] = body

    def get(self, path: str) -> bytes:
        """Reads an object."""
        self.require_bucket(path)
        try:
            return self.objects[path.removeprefix("/")]
        except KeyError:
            raise ServiceError(404, "NoSuchKey", "The specified key does not exist.") from None

    def list(self, path: str, prefix: str) -> bytes:
        """Lists the objects whose keys begin with `prefix`."""
        bucket = self.require_bucket(path)
        keys = [name.partition("/")[2] for name in self.objects if name.startswith(f"{bucket}/{prefix}")]
        contents = "".join(f"<Contents><Key>{escape(key)}</Key><Size>1</Size></Contents>" for key in sorted(keys))
        count = f"<KeyCount>{len(keys)}</KeyCount><IsTruncated>false</IsTruncated>"
        return _xml("ListBucketResult", f"<Name>{bucket}</Name>{count}{contents}")

    def delete(self, path: str, body: bytes) -> bytes:
        """Deletes the objects that a DeleteObjects request names."""
        bucket = self.require_bucket(path)
        keys = re.findall(r"<Key>(.*?)</Key>", body.decode())
        marker = "<DeleteMarker>true</DeleteMarker>" if self.versioned else ""
        for key in keys:
            self.objects.pop(f"{bucket}/{key}", None)
        return _xml("DeleteResult", "".join(f"<Deleted><Key>{escape(key)}</Key>{marker}</Deleted>" for key in keys))

    def create(self, path: str) -> None:
        """Makes a bucket."""
        self.buckets.add(path.strip("/"))

    def require_bucket(self, path: str) -> str:
        """Returns the bucket of a path."""
        bucket = path.strip("/").partition("/")[0]
        if bucket not in self.buckets:
            raise ServiceError(404, "NoSuchBucket", "The specified bucket does not exist.")
        return bucket


def xml_error(code: str, message: str) -> bytes:
    """Writes an error as S3 and STS do."""
    return f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>".encode()


def _xml(name: str, content: str) -> bytes:
    return f'<?xml version="1.0"?><{name} xmlns="{_NAMESPACE}">{content}</{name}>'.encode()
