"""An image that is small: this machine's shell and what it needs, as `docker save` writes it. No engine builds it."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

TOOLS = ("sh", "cat", "sed", "sleep")
PATH = "/usr/bin:/bin"


def packed(files: dict[str, bytes]) -> bytes:
    """Return a tar."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            made.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def saved(folder: Path, program: str) -> Path:
    """Return the archive of an image that runs these lines of a shell; each has an identity of its own."""
    layer = packed(_with_libraries())
    config: dict[str, Any] = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
        "os": "linux",
        "comment": str(folder),
        "config": {"Entrypoint": ["sh", "-c", program], "Env": [f"PATH={PATH}"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    content = json.dumps(config).encode()
    manifest = [{"Config": "config.json", "RepoTags": None, "Layers": ["layer.tar"]}]
    path = folder / "saved.tar"
    path.write_bytes(
        packed({"manifest.json": json.dumps(manifest).encode(), "config.json": content, "layer.tar": layer})
    )
    return path


def identity(archive: Path) -> str:
    """Return the id under which an engine knows the image of such an archive: the hash of its configuration."""
    with tarfile.open(archive) as tar:
        config = tar.extractfile("config.json")
        assert config is not None
        return hashlib.sha256(config.read()).hexdigest()


def _with_libraries() -> dict[str, bytes]:
    """Return the tools, and what the loader says that each needs, by their paths."""
    files = {}
    for name in TOOLS:
        tool = shutil.which(name, path=PATH)
        assert tool is not None
        files[f"bin/{name}"] = Path(tool).read_bytes()
        said = subprocess.run(["ldd", tool], capture_output=True, text=True, check=True).stdout
        files |= {path[1:]: Path(path).read_bytes() for path in re.findall(r"(/\S+) \(0x", said)}
    return files
