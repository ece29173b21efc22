# Prints what a PDF says of itself, then its tag tree, one element a line: its depth, its kind, its words for a picture.
import re
import sys
import pikepdf

pdf = pikepdf.open(sys.argv[1])
root = pdf.Root


def walk(element, depth):
    if isinstance(element, pikepdf.Array):
        for one in element:
            walk(one, depth)
    elif isinstance(element, pikepdf.Dictionary) and "/S" in element:
        print(depth, str(element.S)[1:], str(element.get("/Alt", "")), sep="\t")
        if "/K" in element:
            walk(element.K, depth + 1)


print("marked", bool(root.MarkInfo.Marked), sep="\t")
print("language", str(root.Lang), sep="\t")
about = root.Metadata.read_bytes().decode()
for name in ("pdfuaid:part", "pdfaid:part", "pdfaid:conformance"):
    said = re.search(f"<{name}>([^<]*)<", about)
    print(name, said and said.group(1), sep="\t")
print("title", str(pdf.docinfo.get("/Title", "")), sep="\t")
walk(root.StructTreeRoot.K, 0)
