# Twin of reject/m2-red-zone.s, without the fault.
function f
        pushq %rax
        movq %rcx, (%rsp)
        popq %rax
        ret
end f
