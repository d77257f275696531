# Twin of reject/m2-return-address.s, without the fault.
function f
        pushq %rax
        movq %rcx, (%rsp)
        popq %rax
        ret
end f
