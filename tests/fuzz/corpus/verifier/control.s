# Every kind of effect on stack and control, an indirect call, a tail jump through the table, and a switch.
function main
        pushq   %rbx
        subq    $32, %rsp
        movl    %edi, %ebx
        movq    %rsi, 8(%rsp)
        vmovups %gs:64(%esi,%ebx,4), %ymm0
        lock addw $1, %gs:(%edi)
        callq   callee
        movzbl  %bl, %ebx
        jmpq    *cases(,%rbx,8)
one:    movl    %ecx, %r10d
        andl    $MASK, %r10d
        cmpl    $1, FT+8(%r10)
        jne     wrong
        callq   *FT(%r10)
two:    addq    $32, %rsp
        popq    %rbx
        testq   %rax, %rax
        je      callee
        retq
wrong:  ud2
end main
function callee
        leaq    -24(%rsp), %rsp
        callq   takes_16
        leaq    24(%rsp), %rsp
        bts     $3, %eax
        jmp     GATE
end callee
function takes_16 16
        movq    8(%rsp), %rax
        addq    16(%rsp), %rax
        movl    %eax, %r10d
        andl    $MASK, %r10d
        cmpl    $3, FT+8(%r10)
        jne     bad
        jmpq    *FT(%r10)
bad:    ud2
end takes_16
.section .tables,"a"
jump_table cases main
        .rept   128
        .quad   one
        .quad   two
        .endr
end cases
