// A Nest app as it is usually written; AttachedAdapter is all that knows of the gateway.
import 'reflect-metadata';
import { Controller, Injectable, Module, Param, Post, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext, INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway, WebSocketServer, WsException } from '@nestjs/websockets';
import { attach } from '@socketgate/attach';
import type { Server, ServerOptions, Socket } from 'socket.io';

class AttachedAdapter extends IoAdapter {
  override createIOServer(port: number, options?: ServerOptions) {
    const io = super.createIOServer(port, options);
    attach(io);
    return io;
  }
}

@Injectable()
class MembersOnly implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const socket = context.switchToWs().getClient<Socket>();
    if (!socket.rooms.has(context.switchToWs().getData().room)) throw new WsException('not a member');
    return true;
  }
}

@WebSocketGateway()
class Rooms {
  @WebSocketServer() io!: Server;

  handleConnection(socket: Socket) {
    socket.data.name ??= socket.handshake.auth.name;
    if (!socket.recovered) socket.emit('welcome', socket.data.name);
  }

  handleDisconnect(socket: Socket) {
    this.io.emit('left', socket.data.name);
  }

  @SubscribeMessage('join')
  async join(@ConnectedSocket() socket: Socket, @MessageBody() room: string) {
    await socket.join(room);
    return [...socket.rooms];
  }

  @UseGuards(MembersOnly)
  @SubscribeMessage('say')
  say(@ConnectedSocket() socket: Socket, @MessageBody() { room, text }: { room: string; text: string }) {
    this.io.to(room).emit('said', socket.data.name, text);
    return { event: 'stored', data: text };
  }

  @SubscribeMessage('who')
  who() {
    return process.pid;
  }
}

@Controller()
class Shouts {
  constructor(private readonly rooms: Rooms) {}

  @Post('shout/:room/:text')
  shout(@Param('room') room: string, @Param('text') text: string) {
    this.rooms.io.to(room).emit('said', 'the site', text);
  }
}

@Module({ providers: [Rooms], controllers: [Shouts] })
class AppModule {}

async function main() {
  const app: INestApplication = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
  app.useWebSocketAdapter(new AttachedAdapter(app));
  app.enableShutdownHooks();
  await app.listen(Number(process.env.PORT), '127.0.0.1');
}

void main();
