# Twin of reject/m2-arguments-of-a-function-without.s, without the fault.
function f
        pushq %rax
        movq (%rsp), %rcx
        popq %rax
        ret
end f
