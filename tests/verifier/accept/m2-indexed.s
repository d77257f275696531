# Twin of reject/m2-indexed.s, without the fault.
function f
        pushq %rax
        movq (%rsp), %rcx
        popq %rax
        ret
end f
