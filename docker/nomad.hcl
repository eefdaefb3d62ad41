# A task whose lines end, under Nomad: a task before it puts the files into the group's shared folder.
# 16383: Docker cuts a line at 16 KiB, its newline included.
job "legacy" {
  group "legacy" {
    task "linecap" {
      driver = "docker"
      lifecycle {
        hook = "prestart"
      }
      config {
        image      = "registry.example/linecap:VERSION"
        entrypoint = ["/linecap", "install", "/alloc/data"]
      }
    }

    task "legacy" {
      driver = "docker"
      config {
        image = "registry.example/legacy:1"
      }
      env {
        LD_PRELOAD  = "/alloc/data/liblinecap.so"
        LINECAP_MAX = "16383"
      }
    }
  }
}
