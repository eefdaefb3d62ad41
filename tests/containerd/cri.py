"""What kubelet says to a runtime: pods, containers and exec sessions over CRI."""

import base64
import contextlib
import http.client
import os
import sys
import urllib.parse

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")  # or each subprocess warns of its threads
import grpc
from grpc import RpcError
from grpc_tools import protoc

from places import BUILD, HERE

CALL_BOUND = 120  # seconds for one call


def compiled():
    os.makedirs(BUILD, exist_ok=True)
    arguments = [f"-I{HERE}", f"--python_out={BUILD}", f"--grpc_python_out={BUILD}", "cri.proto"]
    if protoc.main(["protoc", *arguments]) != 0:
        raise SystemExit("cri.proto: protoc failed")
    sys.path.insert(0, BUILD)
    import cri_pb2
    import cri_pb2_grpc

    return cri_pb2, cri_pb2_grpc


proto, services = compiled()


class Cri:
    def __init__(self, socket):
        self.channel = grpc.insecure_channel(
            f"unix:{socket}",
            options=[
                ("grpc.default_authority", "localhost"),
                ("grpc.max_receive_message_length", -1),
                ("grpc.use_local_subchannel_pool", 1),  # no connection of a predecessor's
            ],
        )
        self.stub = services.RuntimeServiceStub(self.channel)

    def close(self):
        self.channel.close()

    def call(self, method, request):
        return getattr(self.stub, method)(request, timeout=CALL_BOUND)

    def initialized(self):
        try:
            return self.version()
        except RpcError as error:
            if "not initialized" not in error.details():
                raise
            return None

    def version(self):
        answer = self.call("Version", proto.VersionRequest())
        return f"{answer.runtime_name} {answer.runtime_version}"

    def run_pod(self, name, log_directory, cgroup_parent, shared_pid=False):
        pid = proto.POD if shared_pid else proto.CONTAINER
        config = proto.PodSandboxConfig(
            metadata=proto.PodSandboxMetadata(name=name, uid=name, namespace="linecap"),
            log_directory=log_directory,
            linux=proto.LinuxPodSandboxConfig(
                cgroup_parent=cgroup_parent,
                security_context=proto.LinuxSandboxSecurityContext(
                    namespace_options=proto.NamespaceOption(network=proto.NODE, pid=pid)
                ),
            ),
        )
        answer = self.call("RunPodSandbox", proto.RunPodSandboxRequest(config=config))
        return Pod(self, answer.pod_sandbox_id, config)

    def remove_all_pods(self):
        """Ends and removes their containers, too."""
        for pod in self.call("ListPodSandbox", proto.ListPodSandboxRequest()).items:
            request = proto.PodSandboxId(pod_sandbox_id=pod.id)
            self.call("StopPodSandbox", request)
            self.call("RemovePodSandbox", request)


class Pod:
    def __init__(self, cri, pod_id, config):
        self.cri = cri
        self.id = pod_id
        self.config = config

    def start(self, name, image, command, mounts=(), env=None, volumes=(), tty=False, readonly_rootfs=False):
        """mounts: (path in the container, path here, read-only); volumes: (path, image). No command: the image's."""
        namespaces = self.config.linux.security_context.namespace_options
        config = proto.ContainerConfig(
            metadata=proto.ContainerMetadata(name=name),
            image=proto.ImageSpec(image=image),
            command=command,
            envs=[proto.KeyValue(key=key, value=value) for key, value in (env or {}).items()],
            mounts=[
                proto.Mount(container_path=inside, host_path=here, readonly=readonly)
                for inside, here, readonly in mounts
            ]
            + [
                proto.Mount(container_path=inside, readonly=True, image=proto.ImageSpec(image=image))
                for inside, image in volumes
            ],
            log_path=f"{name}.log",
            tty=tty,
            linux=proto.LinuxContainerConfig(
                security_context=proto.LinuxContainerSecurityContext(
                    namespace_options=namespaces, readonly_rootfs=readonly_rootfs
                )
            ),
        )
        request = proto.CreateContainerRequest(
            pod_sandbox_id=self.id, config=config, sandbox_config=self.config
        )
        container_id = self.cri.call("CreateContainer", request).container_id
        self.cri.call("StartContainer", proto.ContainerId(container_id=container_id))
        return Container(self.cri, container_id, os.path.join(self.config.log_directory, f"{name}.log"))


class Container:
    def __init__(self, cri, container_id, log):
        self.cri = cri
        self.id = container_id
        self.log = log

    def status(self):
        return self.cri.call("ContainerStatus", proto.ContainerId(container_id=self.id)).status

    def has_ended(self):
        return self.status().state == proto.CONTAINER_EXITED

    def exec_sync(self, command):
        request = proto.ExecSyncRequest(container_id=self.id, cmd=command, timeout=CALL_BOUND)
        return self.cri.call("ExecSync", request)

    def exec_stream(self, command):
        """The stdout of a command, over the streaming connection that `kubectl exec` rests on."""
        request = proto.ExecRequest(container_id=self.id, cmd=command, stdout=True, stderr=True)
        url = urllib.parse.urlsplit(self.cri.call("Exec", request).url)
        stdout = []
        connection = http.client.HTTPConnection(url.netloc, timeout=CALL_BOUND)
        with contextlib.closing(connection):
            for channel, data in websocket_messages(connection, url.path):
                if channel == STDOUT:
                    stdout.append(data)
                elif channel == STDERR and data:
                    raise AssertionError(f"{command}: {data.decode(errors='replace')}")
                elif channel == OUTCOME and b'"Success"' not in data:
                    raise AssertionError(f"{command}: {data.decode(errors='replace')}")
        return b"".join(stdout)


# The channels of v4.channel.k8s.io: the first byte of each message.
STDOUT, STDERR, OUTCOME = 1, 2, 3
CLOSE = 8


def websocket_messages(connection, path):
    connection.request(
        "GET",
        path,
        headers={
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Protocol": "v4.channel.k8s.io",
            "Origin": "http://localhost",
        },
    )
    stream = connection.sock.makefile("rb")
    answer = stream.readline()
    if b" 101 " not in answer:
        raise AssertionError(f"exec: {answer.decode(errors='replace')}")
    while stream.readline() not in (b"\r\n", b""):
        pass
    while head := stream.read(2):
        size = head[1] & 0x7F
        if size == 126:
            size = int.from_bytes(stream.read(2), "big")
        elif size == 127:
            size = int.from_bytes(stream.read(8), "big")
        payload = stream.read(size)
        if head[0] & 0x0F == CLOSE:
            return
        if payload:
            yield payload[0], payload[1:]
