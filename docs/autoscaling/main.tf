# A cluster on Hetzner Cloud, with a number of read replicas that is changed by one variable. `terraform apply -var replicas=5`
# adds servers and nothing else; what they become, they find out themselves.
#
# Before: images uploaded (`ingot upload hetzner …`), user-data written (`ingot user-data etcd > etcd.yaml`, db, proxy).
terraform {
  required_providers {
    hcloud = { source = "hetznercloud/hcloud" }
  }
}

variable "cluster" { default = "orders" }
variable "location" { default = "fsn1" }
variable "images" { type = object({ etcd = string, db = string, proxy = string }) } # ids of the snapshots
variable "replicas" { default = 2 }                                                # beside the leader

resource "hcloud_network" "private" {
  name     = var.cluster
  ip_range = "10.0.0.0/16"
}

resource "hcloud_network_subnet" "private" {
  network_id   = hcloud_network.private.id
  type         = "cloud"
  network_zone = "eu-central"
  ip_range     = "10.0.0.0/24"
}

# Not two of a kind on one host.
resource "hcloud_placement_group" "spread" {
  for_each = toset(["etcd", "db", "proxy"])
  name     = "${var.cluster}-${each.key}"
  type     = "spread"
}

resource "hcloud_server" "etcd" {
  count              = 3
  name               = "etcd-${count.index + 1}"
  server_type        = "cx22"
  location           = var.location
  image              = var.images.etcd
  user_data          = file("etcd.yaml")
  labels             = { cluster = var.cluster, role = "etcd" }
  placement_group_id = hcloud_placement_group.spread["etcd"].id
  network {
    network_id = hcloud_network.private.id
    ip         = "10.0.0.${11 + count.index}" # as cluster.yaml says
  }
  depends_on = [hcloud_network_subnet.private]
}

resource "hcloud_server" "db" {
  count              = 1 + var.replicas
  name               = "db-${count.index + 1}"
  server_type        = "cpx31"
  location           = var.location
  image              = var.images.db
  user_data          = file("db.yaml")
  labels             = { cluster = var.cluster, role = "db" }
  placement_group_id = hcloud_placement_group.spread["db"].id
  network { network_id = hcloud_network.private.id }
  depends_on = [hcloud_network_subnet.private]
  # A newer image is for new servers: old ones are retired one by one, not all at once by a plan.
  lifecycle { ignore_changes = [image, user_data] }
}

resource "hcloud_server" "proxy" {
  count              = 2
  name               = "proxy-${count.index + 1}"
  server_type        = "cpx21"
  location           = var.location
  image              = var.images.proxy
  user_data          = file("proxy.yaml")
  labels             = { cluster = var.cluster, role = "proxy" }
  placement_group_id = hcloud_placement_group.spread["proxy"].id
  network { network_id = hcloud_network.private.id }
  depends_on = [hcloud_network_subnet.private]
}

# One address for all proxies. TLS goes through to them.
resource "hcloud_load_balancer" "sql" {
  name               = "${var.cluster}-sql"
  load_balancer_type = "lb11"
  location           = var.location
}

resource "hcloud_load_balancer_network" "sql" {
  load_balancer_id = hcloud_load_balancer.sql.id
  network_id       = hcloud_network.private.id
  depends_on       = [hcloud_network_subnet.private]
}

resource "hcloud_load_balancer_target" "proxies" {
  type             = "label_selector"
  load_balancer_id = hcloud_load_balancer.sql.id
  label_selector   = "cluster=${var.cluster},role=proxy"
  use_private_ip   = true
  depends_on       = [hcloud_load_balancer_network.sql]
}

resource "hcloud_load_balancer_service" "pools" {
  for_each         = { write = 6432, read = 6433 }
  load_balancer_id = hcloud_load_balancer.sql.id
  protocol         = "tcp"
  listen_port      = each.value
  destination_port = each.value
  health_check {
    protocol = "tcp"
    port     = each.value
    interval = 3
    timeout  = 2
    retries  = 2
  }
}
