//@ case: alloc_export_not_allowed
//! An object can be exported to the kernel only if its type implements `Export`.
//~ use mapvalue::{Export, Kptr, Local, MapValue};
#[derive(MapValue)]
#[repr(C)]
struct Flow {
    bytes: u64,
}

//~ impl Export for Flow {}
fn main() {
    let kptr: Kptr<Flow, Local> = Kptr::NULL;
    assert!(kptr.export().is_null());
}

//@ case: alloc_field_taken_read_only
//! The pointer in a field cannot be taken through a read-only handle.
fn main() {
    let field: Var<Kptr<u64, Local>, ReadOnly> = Mapping::memfd(4096).unwrap().var_ro(0).unwrap(); //~
    //~ let field: Var<Kptr<u64, Local>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    assert!(field.take().is_null());
}

//@ case: alloc_kernel_pointer_claimed
//! A pointer to a kernel object cannot be claimed. A pointer to an object of the arena can.
use mapvalue::arena::{Allocator, Config};
use mapvalue::{Arena, Kernel, Kptr}; //~ use mapvalue::{Arena, Kptr, Local};

fn main() {
    let arena = Arena::memfd(16).unwrap();
    let flows = Allocator::create(&arena, Config { value_size: 8, capacity: 10, ..Config::default() }).unwrap();
    let kptr: Kptr<u64, Kernel> = Kptr::NULL; //~ let kptr: Kptr<u64, Local> = Kptr::NULL;
    assert!(flows.claim(kptr).is_err());
}

//@ case: alloc_kernel_pointer_freed
//! A pointer to a kernel object cannot be freed. A pointer to an object of the arena can.
use mapvalue::arena::{Allocator, Config};
use mapvalue::{Arena, Kernel, Kptr}; //~ use mapvalue::{Arena, Kptr, Local};

fn main() {
    let arena = Arena::memfd(16).unwrap();
    let flows = Allocator::create(&arena, Config { value_size: 8, capacity: 10, ..Config::default() }).unwrap();
    let kptr: Kptr<u64, Kernel> = Kptr::NULL; //~ let kptr: Kptr<u64, Local> = Kptr::NULL;
    assert!(flows.free(kptr).is_err());
}

//@ case: alloc_local_pointer_followed
//! A pointer to an object cannot be followed, because another thread may free the object. It can be
//! claimed first.
use mapvalue::Arena;
use mapvalue::arena::{Allocator, Config};

fn main() {
    let arena = Arena::memfd(16).unwrap();
    let flows = Allocator::create(&arena, Config { value_size: 8, capacity: 10, ..Config::default() }).unwrap();
    let kptr = flows.alloc(7u64).unwrap().into_kptr();
    assert_eq!(*kptr.as_ref(), 7); //~ assert_eq!(flows.claim(kptr).unwrap().load(), 7);
}

//@ case: alloc_object_after_hand_over
//! An object cannot be used after it was handed over.
use mapvalue::Arena;
use mapvalue::arena::{Allocator, Config};

fn main() {
    let arena = Arena::memfd(16).unwrap();
    let flows = Allocator::create(&arena, Config { value_size: 8, capacity: 10, ..Config::default() }).unwrap();
    let flow = flows.alloc(7u64).unwrap();
    //~ assert_eq!(flow.load(), 7);
    let ptr = flow.into_ptr();
    assert_eq!(flow.load(), 7); //~
    flows.free(ptr).unwrap();
}

//@ case: alloc_object_cloned
//! An object has one owner, so it cannot be cloned. A reference to it can be shared.
use mapvalue::Arena;
use mapvalue::arena::{Allocator, Config};

fn main() {
    let arena = Arena::memfd(16).unwrap();
    let flows = Allocator::create(&arena, Config { value_size: 8, capacity: 10, ..Config::default() }).unwrap();
    let flow = flows.alloc(7u64).unwrap();
    let again = flow.clone(); //~ let again = &flow;
    assert_eq!(again.load(), 7);
}
