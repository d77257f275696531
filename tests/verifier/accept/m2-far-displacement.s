# Twin of reject/m2-far-displacement.s, without the fault.
function f
        pushq %rax
        movq (%rsp), %rcx
        popq %rax
        ret
end f
