# Twin of reject/s2-vex-register-source.s, without the fault.
function f
        bzhiq %rbp, %rax, %rcx
        ret
end f
