// Stands in for kubelet and scheduler, so that the API server of the tests has pods that run: it binds pods to nodes, says
// of them what a kubelet would say, and ends those that are deleted. exec, port-forward and logs are served by the very
// code that the kubelet uses, where "the container" is a process of this machine. No container is ever made.
//
// Built inside the Kubernetes source tree by Tests/kubernetes-server.sh. What a pod's annotations can ask for:
//
//	standin/log-lines: "N"     how many lines its log has (100)
//	standin/lingers: "true"    stays in Terminating until somebody deletes it by force
//	standin/never-ready: "true"
//
// and an image whose name contains `missing` cannot be pulled. A node says Ready unless annotated standin/never-ready.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"io/ioutil"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	remotecommandconsts "k8s.io/apimachinery/pkg/util/remotecommand"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/kubernetes/pkg/kubelet/cri/streaming/portforward"
	remotecommandserver "k8s.io/kubernetes/pkg/kubelet/cri/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API server")
	certificate := flag.String("cert", "", "what the server shows")
	key := flag.String("key", "", "its key")
	authority := flag.String("client-ca", "", "who signs the clients' certificates")
	port := flag.Int("port", 0, "where to listen on loopback")
	flag.Parse()

	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	check(err)
	config.QPS, config.Burst = 500, 1000
	client, err := kubernetes.NewForConfig(config)
	check(err)

	factory := informers.NewSharedInformerFactory(client, 0)
	s := &standin{
		client: client, port: int32(*port),
		pods: factory.Core().V1().Pods().Lister(), nodes: factory.Core().V1().Nodes().Lister(),
		queue: workqueue.NewRateLimitingQueue(workqueue.NewItemExponentialFailureRateLimiter(20*time.Millisecond, time.Second)),
	}
	enqueue := func(kind string) cache.ResourceEventHandlerFuncs {
		add := func(object interface{}) {
			if key, err := cache.MetaNamespaceKeyFunc(object); err == nil {
				s.queue.Add(kind + " " + key)
			}
		}
		return cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, object interface{}) { add(object) }}
	}
	factory.Core().V1().Pods().Informer().AddEventHandler(enqueue("pod"))
	factory.Core().V1().Nodes().Informer().AddEventHandler(enqueue("node"))
	stop := make(chan struct{})
	factory.Start(stop)
	factory.WaitForCacheSync(stop)
	go s.work()
	go s.serve(*certificate, *key, *authority)

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	<-signals
	close(stop)
}

type standin struct {
	client kubernetes.Interface
	port   int32
	pods   listers.PodLister
	nodes  listers.NodeLister
	queue  workqueue.RateLimitingInterface
}

// MARK: What a kubelet and a scheduler say

func (s *standin) work() {
	for {
		item, shutdown := s.queue.Get()
		if shutdown {
			return
		}
		parts := strings.SplitN(item.(string), " ", 2)
		namespace, name, _ := cache.SplitMetaNamespaceKey(parts[1])
		again, err := false, error(nil)
		if parts[0] == "pod" {
			again, err = s.syncPod(namespace, name)
		} else {
			err = s.syncNode(name)
		}
		// Forbidden: its namespace is about to go, and the pod with it.
		if err != nil && !errors.IsNotFound(err) && !errors.IsConflict(err) && !errors.IsForbidden(err) {
			log.Printf("%s: %v", item, err)
		}
		switch {
		case err != nil && !errors.IsNotFound(err):
			s.queue.AddRateLimited(item)
		case again:
			s.queue.AddAfter(item, 100*time.Millisecond)
			s.queue.Forget(item)
		default:
			s.queue.Forget(item)
		}
		s.queue.Done(item)
	}
}

func (s *standin) syncPod(namespace, name string) (again bool, err error) {
	pod, err := s.pods.Pods(namespace).Get(name)
	if err != nil {
		return false, err
	}
	ctx := context.Background()
	if pod.DeletionTimestamp != nil {
		if pod.Annotations["standin/lingers"] == "true" {
			return false, nil
		}
		zero := int64(0)
		return false, s.client.CoreV1().Pods(namespace).Delete(ctx, name, metav1.DeleteOptions{
			GracePeriodSeconds: &zero, Preconditions: &metav1.Preconditions{UID: &pod.UID}})
	}
	if pod.Spec.NodeName == "" {
		node := s.choose(pod)
		if node == "" {
			return true, nil
		}
		return false, s.client.CoreV1().Pods(namespace).Bind(ctx, &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: pod.UID},
			Target:     corev1.ObjectReference{Kind: "Node", Name: node}}, metav1.CreateOptions{})
	}
	if len(pod.Status.ContainerStatuses) == len(pod.Spec.Containers) {
		return false, nil
	}
	changed := pod.DeepCopy()
	changed.Status = status(pod)
	_, err = s.client.CoreV1().Pods(namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	return false, err
}

func status(pod *corev1.Pod) corev1.PodStatus {
	now := metav1.Now()
	answer := corev1.PodStatus{Phase: corev1.PodRunning, HostIP: "127.0.0.1", PodIP: "127.0.0.1", StartTime: &now,
		QOSClass: pod.Status.QOSClass}
	ready := pod.Annotations["standin/never-ready"] != "true"
	for _, container := range pod.Spec.Containers {
		one := corev1.ContainerStatus{Name: container.Name, Image: container.Image}
		if strings.Contains(container.Image, "missing") {
			ready = false
			answer.Phase = corev1.PodPending
			one.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "Back-off pulling image"}
		} else {
			started := true
			one.Started, one.ContainerID = &started, "standin://"+container.Name
			one.State.Running = &corev1.ContainerStateRunning{StartedAt: now}
		}
		answer.ContainerStatuses = append(answer.ContainerStatuses, one)
	}
	for index := range answer.ContainerStatuses {
		answer.ContainerStatuses[index].Ready = ready
	}
	for _, kind := range []corev1.PodConditionType{"Initialized", "Ready", "ContainersReady", "PodScheduled"} {
		condition := corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now}
		if !ready && (kind == "Ready" || kind == "ContainersReady") {
			condition.Status = corev1.ConditionFalse
		}
		answer.Conditions = append(answer.Conditions, condition)
	}
	return answer
}

// The node with the fewest pods among those that would take it; "" when there is none.
func (s *standin) choose(pod *corev1.Pod) string {
	if name := daemonNode(pod); name != "" {
		return name
	}
	nodes, _ := s.nodes.List(labels.Everything())
	pods, _ := s.pods.List(labels.Everything())
	count := map[string]int{}
	for _, other := range pods {
		count[other.Spec.NodeName]++
	}
	best := ""
	for _, node := range nodes {
		if node.Spec.Unschedulable || !isReady(node) || !labels.SelectorFromSet(pod.Spec.NodeSelector).Matches(labels.Set(node.Labels)) {
			continue
		}
		if best == "" || count[node.Name] < count[best] || (count[node.Name] == count[best] && node.Name < best) {
			best = node.Name
		}
	}
	return best
}

// A daemon set asks for its node by name.
func daemonNode(pod *corev1.Pod) string {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil ||
		pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return ""
	}
	for _, term := range pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, field := range term.MatchFields {
			if field.Key == "metadata.name" && len(field.Values) == 1 {
				return field.Values[0]
			}
		}
	}
	return ""
}

func isReady(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func (s *standin) syncNode(name string) error {
	node, err := s.nodes.Get(name)
	if err != nil {
		return err
	}
	if node.Status.DaemonEndpoints.KubeletEndpoint.Port == s.port {
		return s.welcome(node)
	}
	now := metav1.Now()
	ready := corev1.ConditionTrue
	if node.Annotations["standin/never-ready"] == "true" {
		ready = corev1.ConditionFalse
	}
	changed := node.DeepCopy()
	resources := corev1.ResourceList{"cpu": resource.MustParse("8"), "memory": resource.MustParse("16Gi"), "pods": resource.MustParse("500")}
	changed.Status = corev1.NodeStatus{
		Capacity: resources, Allocatable: resources,
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}, {Type: corev1.NodeHostName, Address: name}},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: s.port}},
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready, Reason: "StandIn",
			LastHeartbeatTime: now, LastTransitionTime: now}},
		NodeInfo: corev1.NodeSystemInfo{KubeletVersion: "v1.20.2", OperatingSystem: "linux", Architecture: "amd64"},
	}
	_, err = s.client.CoreV1().Nodes().UpdateStatus(context.Background(), changed, metav1.UpdateOptions{})
	return err
}

// Every new node is tainted until somebody has seen that it is ready.
func (s *standin) welcome(node *corev1.Node) error {
	for index, taint := range node.Spec.Taints {
		if taint.Key == "node.kubernetes.io/not-ready" && isReady(node) {
			changed := node.DeepCopy()
			changed.Spec.Taints = append(changed.Spec.Taints[:index], changed.Spec.Taints[index+1:]...)
			_, err := s.client.CoreV1().Nodes().Update(context.Background(), changed, metav1.UpdateOptions{})
			return err
		}
	}
	return nil
}

// MARK: What a kubelet serves

func (s *standin) serve(certificate, key, authority string) {
	pem, err := ioutil.ReadFile(authority)
	check(err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		log.Fatal("no certificate in ", authority)
	}
	server := http.Server{
		Addr: fmt.Sprintf("127.0.0.1:%d", s.port), Handler: http.HandlerFunc(s.handle),
		TLSConfig: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12},
		// SPDY takes over connections of HTTP/1.1 alone.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	check(server.ListenAndServeTLS(certificate, key))
}

// Paths are /exec/NAMESPACE/POD/CONTAINER, /portForward/NAMESPACE/POD and /containerLogs/NAMESPACE/POD/CONTAINER.
func (s *standin) handle(w http.ResponseWriter, req *http.Request) {
	// Any client of the cluster has a certificate; only the API server may come in here.
	if name := req.TLS.PeerCertificates[0].Subject.CommonName; name != "kube-apiserver-kubelet-client" {
		http.Error(w, "forbidden", http.StatusForbidden)
		return
	}
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	if len(parts) < 3 {
		http.NotFound(w, req)
		return
	}
	pod, err := s.pods.Pods(parts[1]).Get(parts[2])
	if err != nil {
		http.Error(w, "pod not found", http.StatusNotFound)
		return
	}
	const idle, creation = 4 * time.Hour, 30 * time.Second
	switch {
	case parts[0] == "exec" && len(parts) == 4:
		options, err := remotecommandserver.NewOptions(req)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		remotecommandserver.ServeExec(w, req, processes{}, pod.Name, pod.UID, parts[3], req.URL.Query()["command"], options,
			idle, creation, remotecommandconsts.SupportedStreamingProtocols)
	case parts[0] == "portForward":
		options, err := portforward.NewV4Options(req)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		portforward.ServePortForward(w, req, processes{}, pod.Name, pod.UID, options, idle, creation, portforward.SupportedProtocols)
	case parts[0] == "containerLogs" && len(parts) == 4:
		serveLogs(w, pod, parts[3], req.URL.Query())
	default:
		http.NotFound(w, req)
	}
}

func serveLogs(w http.ResponseWriter, pod *corev1.Pod, container string, query url.Values) {
	count := 100
	if text, found := pod.Annotations["standin/log-lines"]; found {
		count, _ = strconv.Atoi(text)
	}
	first := 1
	if tail, err := strconv.Atoi(query.Get("tailLines")); err == nil && tail < count {
		first = count - tail + 1
	}
	left := int64(1) << 40
	if limit, err := strconv.ParseInt(query.Get("limitBytes"), 10, 64); err == nil {
		left = limit
	}
	w.Header().Set("Content-Type", "text/plain")
	for number := first; number <= count && left > 0; number++ {
		line := fmt.Sprintf("line %d of %s in %s\n", number, container, pod.Name)
		if int64(len(line)) > left {
			line = line[:left]
		}
		left -= int64(len(line))
		if _, err := io.WriteString(w, line); err != nil {
			return
		}
	}
}

// Containers that are processes of this machine.
type processes struct{}

func (processes) ExecInContainer(name string, _ types.UID, container string, command []string, in io.Reader,
	out, err io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, timeout time.Duration) error {
	if len(command) == 0 {
		return fmt.Errorf("no command")
	}
	process := exec.Command(command[0], command[1:]...)
	process.Env = []string{"PATH=/usr/bin:/bin", "POD=" + name, "CONTAINER=" + container}
	process.Dir = os.TempDir()
	process.Stdin, process.Stdout = in, out
	if process.Stderr = err; err == nil {
		process.Stderr = out
	}
	failure := process.Run()
	if exit, isExit := failure.(*exec.ExitError); isExit {
		return utilexec.CodeExitError{Err: failure, Code: exit.ExitCode()}
	}
	return failure
}

func (processes) PortForward(_ string, _ types.UID, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer connection.Close()
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		io.Copy(connection, stream)
		connection.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(stream, connection)
	group.Wait()
	return err
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
