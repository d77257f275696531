# M2. An index on the stack reaches anywhere.
function f
        pushq %rax
bad:    movq (%rsp,%rax,8), %rcx
        popq %rax
        ret
end f
