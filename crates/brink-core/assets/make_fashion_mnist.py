"""Makes fashion-mnist.zlib from the data set's own files: python make_fashion_mnist.py DIRECTORY

DIRECTORY holds {train,t10k}-{images-idx3,labels-idx1}-ubyte.gz, as the data set's site and Debian's package
dataset-fashion-mnist (/usr/share/datasets/fashion-mnist) have them. Needs Python alone.
"""

import gzip
import pathlib
import sys
import zlib

PIXELS = 28 * 28


def first_of_each_class(directory, part, count):
    """The first `count` images of each of the ten classes and their labels, in file order."""
    images = gzip.decompress((directory / f"{part}-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((directory / f"{part}-labels-idx1-ubyte.gz").read_bytes())[8:]
    taken, chosen = [0] * 10, []
    for i, label in enumerate(labels):
        if taken[label] < count:
            taken[label] += 1
            chosen.append(i)
    return b"".join(images[i * PIXELS : (i + 1) * PIXELS] for i in chosen), bytes(labels[i] for i in chosen)


directory = pathlib.Path(sys.argv[1])
train = first_of_each_class(directory, "train", 250)
test = first_of_each_class(directory, "t10k", 50)
packed = zlib.compress(train[0] + test[0] + train[1] + test[1], 9)
(pathlib.Path(__file__).parent / "fashion-mnist.zlib").write_bytes(packed)
